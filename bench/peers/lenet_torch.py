#!/usr/bin/env python3
"""The same LeNet in PyTorch: seconds for the steps of one epoch (60,000 images, batch 64), without loading.

Fair setting: GLIBC_TUNABLES=glibc.malloc.hugetlb=1, OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE unset; the faster of the plain and
the channels_last layout is what counts. Prints one number a line: a round of each layout.
"""
import sys
import time

import torch
from torch import nn

torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
BATCH, IMAGES = 64, 60000


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.Sigmoid(), nn.MaxPool2d(2), nn.Sigmoid(),
        nn.Conv2d(6, 16, 5), nn.MaxPool2d(2), nn.Conv2d(16, 120, 4),
        nn.Flatten(), nn.Linear(120, 64), nn.Sigmoid(), nn.Linear(64, 10))


def seconds(memory_format):
    torch.manual_seed(0)
    net = lenet().to(memory_format=memory_format)
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    x = torch.randn(BATCH, 1, 28, 28).to(memory_format=memory_format)
    y = torch.randint(0, 10, (BATCH,))

    def steps(count):
        for _ in range(count):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()

    steps(50)
    begin = time.perf_counter()
    count = (IMAGES + BATCH - 1) // BATCH
    steps(count)
    return time.perf_counter() - begin


print("%.3f" % min(seconds(torch.contiguous_format), seconds(torch.channels_last)))
