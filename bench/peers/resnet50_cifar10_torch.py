#!/usr/bin/env python3
"""The book's last programme in PyTorch: seconds of its first epoch, 50,000 images of CIFAR-10, ResNet-50, batch 64, Momentum.

    resnet50_cifar10_torch.py FOLDER [THREADS]      FOLDER holds the binary files data_batch_1.bin ...

Batches are made from memory in a fraction of a millisecond, so that no worker takes a core from the steps; the faster layout,
as measured on a few steps before, does the epoch. Prints one number.
"""
import sys
import time

import numpy as np
import torch
from torch import nn
from torchvision.models import resnet50

folder = sys.argv[1]
torch.set_num_threads(int(sys.argv[2]) if len(sys.argv) > 2 else 2)
BATCH, TRIAL = 64, 6

rows = np.concatenate([np.fromfile(f"{folder}/data_batch_{i}.bin", np.uint8).reshape(-1, 3073) for i in range(1, 6)])
images, labels = torch.from_numpy(rows[:, 1:].reshape(-1, 3, 32, 32).copy()), torch.from_numpy(rows[:, 0].astype(np.int64))


class Steps:
    def __init__(self, memory_format):
        torch.manual_seed(0)
        self.memory_format = memory_format
        self.net = resnet50(num_classes=10).to(memory_format=memory_format)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)

    def run(self, batches):
        """Their seconds, and the mean of their losses."""
        begin, total = time.perf_counter(), 0.0
        for batch in batches:
            x = images[batch].float().contiguous(memory_format=self.memory_format)
            self.optimizer.zero_grad()
            loss = nn.functional.cross_entropy(self.net(x), labels[batch])
            loss.backward()
            self.optimizer.step()
            total += loss.item()
        return time.perf_counter() - begin, total / len(batches)


def trial(memory_format):
    steps = Steps(memory_format)
    steps.run(torch.arange(2 * BATCH).split(BATCH))
    return steps.run(torch.arange(TRIAL * BATCH).split(BATCH))[0]


faster = min((torch.contiguous_format, torch.channels_last), key=trial)
seconds, loss = Steps(faster).run(torch.randperm(len(images)).split(BATCH))
print(f"{faster}: mean loss {loss:.3f}", file=sys.stderr)
print("%.1f" % seconds)
