#!/usr/bin/env python3
"""The same AlexNet in PyTorch: milliseconds of a training step, batch 32, 3x224x224, one logit, binary cross-entropy, Adam.

Fair setting: GLIBC_TUNABLES=glibc.malloc.hugetlb=1, OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE unset; the faster of the plain and
the channels_last layout is what counts. Prints one number: the median step of the faster layout.
"""
import statistics
import sys
import time

import torch
from torch import nn

torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
BATCH, WARM_UP, STEPS = 32, 2, 5


def alexnet():
    return nn.Sequential(
        nn.Conv2d(3, 96, 11, 4, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(96, 256, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(256, 384, 3, 1, 1), nn.ReLU(), nn.Conv2d(384, 384, 3, 1, 1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(12544, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(),
        nn.Linear(4096, 1))


def milliseconds(memory_format):
    torch.manual_seed(0)
    net = alexnet().to(memory_format=memory_format)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    x = torch.randn(BATCH, 3, 224, 224).to(memory_format=memory_format)
    y = torch.randint(0, 2, (BATCH, 1)).float()
    times = []
    for _ in range(WARM_UP + STEPS):
        begin = time.perf_counter()
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(net(x), y).backward()
        optimizer.step()
        times.append(time.perf_counter() - begin)
    return 1e3 * statistics.median(times[WARM_UP:])


print("%.1f" % min(milliseconds(torch.contiguous_format), milliseconds(torch.channels_last)))
