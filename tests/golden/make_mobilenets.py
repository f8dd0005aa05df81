#!/usr/bin/env python3
"""Torchvision's MobileNets and ShuffleNet: writes mobilenets.inc, rows
    {"network", parameters, multiply-accumulates, hash of names and shapes, {logits}}
The first three of the network as published (1000 classes, 3x224x224), the logits of one with CLASSES classes in evaluation
mode, its parameters and two images made by the formulas that tests/models/test_mobilenets.c has too."""

import math
import os
import torch
import torchvision
from torch import nn

CLASSES, IMAGES, SIZE = 10, 2, 40


def fractions(which, count):
    """`count` numbers in [-1, 1), multiples of 1/512: MurmurHash3's finalizer of 2^24 which + i."""
    h = (torch.arange(count) + (which << 24)) & 0xffffffff  # wraps, as in C
    for shift, factor in (16, 0x85ebca6b), (13, 0xc2b2ae35):
        h = (h ^ h >> shift) * factor & 0xffffffff
    return ((h ^ h >> 16) >> 22).double() / 512 - 1


def value(which, name, shape):
    u = fractions(which, shape.numel())
    if name.endswith("running_var"):
        u = 1 + u / 2
    elif name.endswith("running_mean") or name.endswith("bias"):
        u = u / 8
    elif len(shape) == 1:
        u = 1 + u / 4
    else:
        u = u * math.sqrt(6 / (shape.numel() // shape[0]))
    return u.reshape(shape).float()


def parameters(net):
    return [(n, t) for n, t in net.state_dict().items() if not n.endswith("num_batches_tracked")]


def fnv1a(text):
    h = 0xcbf29ce484222325
    for byte in text.encode():
        h = (h ^ byte) * 0x100000001b3 % 2**64
    return h


def macs(net):
    total = 0

    def count(layer, _, y):
        nonlocal total
        total += y.numel() * layer.weight[0].numel()

    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.register_forward_hook(count)
    net.eval()(torch.zeros(1, 3, 224, 224))
    return total


def logits(net):
    with torch.no_grad():
        for which, (name, tensor) in enumerate(parameters(net)):
            tensor.copy_(value(which, name, tensor.shape))
        x = fractions(255, IMAGES * 3 * SIZE * SIZE).reshape(IMAGES, 3, SIZE, SIZE)
        return net.double().eval()(x)


class MobileNetV1(nn.Module):
    """Howard et al. 2017, table 1, which torchvision lacks."""

    ROWS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]

    def __init__(self, num_classes=1000):
        super().__init__()
        unit = torchvision.ops.misc.Conv2dNormActivation
        width, layers = 32, [unit(3, 32, stride=2)]
        for channels, stride in self.ROWS:
            layers.append(nn.Sequential(unit(width, width, stride=stride, groups=width), unit(width, channels, 1)))
            width = channels
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(width, num_classes)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


models = torchvision.models
NETWORKS = {
    "mobilenet_v1": MobileNetV1,
    "mobilenet_v2": models.mobilenet_v2,
    "mobilenet_v2:width_mult=0.35": lambda **k: models.mobilenet_v2(width_mult=0.35, **k),
    "mobilenet_v3_small": models.mobilenet_v3_small,
    "mobilenet_v3_large": models.mobilenet_v3_large,
    "mobilenet_v3_small:width_mult=1.5": lambda **k: models.mobilenet_v3_small(width_mult=1.5, **k),
    "shufflenet_v2_x1_0": models.shufflenet_v2_x1_0,
}

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "mobilenets.inc"), "w") as file:
    print(f"/* Made by make_mobilenets.py with torchvision {torchvision.__version__}. */", file=file)
    for name, build in NETWORKS.items():
        net = build()
        text = "".join(f"{n} {tuple(t.shape)}\n".replace(" ", "").replace(",)", ")") for n, t in parameters(net))
        count = sum(p.numel() for p in net.parameters())
        numbers = ", ".join(f"{v:.9g}" for v in logits(build(num_classes=CLASSES)).flatten().tolist())
        print(f'{{"{name}", {count}, {macs(net)}, 0x{fnv1a(text):016x},\n {{{numbers}}}}},', file=file)
