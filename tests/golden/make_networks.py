#!/usr/bin/env python3
"""torchvision's networks in numbers: writes networks.inc (parameters, MACs, a digest of names and shapes), logits.inc (what
weights made by a formula give at inference, in float64) and losses.inc (ten training steps). tests/models/test_torchvision.c
has the same formula, so no weights are stored.

    make_networks.py              writes the files
    make_networks.py --list NAME  prints the names and shapes behind a digest, a line each"""

import math
import os
import sys
from functools import partial

import numpy as np
import torch
import torch.nn as nn
import torchvision.models as zoo
from torchvision.models.googlenet import GoogLeNet, Inception
from torchvision.models.resnet import BasicBlock, ResNet

CLASSES, SIDE, BATCH, STEPS = 10, 64, 4, 10  # of logits and losses

# ---- Networks that torchvision has not, or has otherwise ------------------------------------------------------------


class PlainBlock(BasicBlock):
    """No shortcut."""

    def __init__(self, inplanes, planes, stride=1, downsample=None, *others, **more):
        super().__init__(inplanes, planes, stride, None, *others, **more)

    def forward(self, x):
        return self.relu(self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))))


class Cifar(ResNet):
    """He et al. 2016, section 4.2, with projections for the shortcuts that change the shape."""

    def __init__(self, block, blocks, num_classes):
        super().__init__(block, [1, 1, 1, 1], num_classes)
        self.inplanes = 16
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.maxpool = nn.Identity()
        for stage in range(3):
            setattr(self, f"layer{stage + 1}", self._make_layer(block, 16 << stage, blocks, stride=1 + (stage > 0)))
        self.layer4 = nn.Identity()
        self.fc = nn.Linear(64, num_classes)


class BookAlexNet(nn.Module):
    """AlexNet as the book has it."""

    def __init__(self, classes, side):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 96, 11, 4, 5), nn.Conv2d(96, 256, 5, 1, 2)
        self.conv3, self.conv4 = nn.Conv2d(256, 384, 3, 1, 1), nn.Conv2d(384, 384, 3, 1, 1)
        self.conv5 = nn.Conv2d(384, 256, 3, 1, 1)
        self.fc1, self.fc2 = nn.Linear(256 * (side // 32) ** 2, 4096), nn.Linear(4096, 4096)
        self.fc3, self.relu, self.pool = nn.Linear(4096, classes), nn.ReLU(), nn.MaxPool2d(2)
        self.drop1, self.drop2 = nn.Dropout(), nn.Dropout()

    def forward(self, x):
        x = self.pool(self.relu(self.conv1(x)))
        x = self.pool(self.relu(self.conv2(x)))
        x = self.relu(self.conv4(self.relu(self.conv3(x))))
        x = self.pool(self.relu(self.conv5(x))).flatten(1)
        x = self.drop1(self.relu(self.fc1(x)))
        return self.fc3(self.drop2(self.relu(self.fc2(x))))


def alexnet_owt(classes, side):
    net = zoo.alexnet(num_classes=classes)
    if side != 224:  # ours takes the last map, 1x1, as it is
        net.avgpool = nn.Identity()
        net.classifier[1] = nn.Linear(256, 4096)
    return net


class Biased(nn.Module):
    """GoogLeNet's convolution as the paper has it; torchvision's Inception builds its blocks of this class."""

    def __init__(self, in_channels, out_channels, **options):
        super().__init__()
        if in_channels in (16, 24, 32, 48):  # the reduced maps: 5x5, which torchvision has not
            options.update(kernel_size=5, padding=2)
        self.conv = nn.Conv2d(in_channels, out_channels, **options)

    def forward(self, x):
        return torch.relu(self.conv(x))


class Head(nn.Module):
    """Its auxiliary classifier: an average pool of 5x5 at stride 3, where the map is larger than 4x4."""

    def __init__(self, in_channels, classes, dropout):
        super().__init__()
        self.conv = Biased(in_channels, 128, kernel_size=1)
        self.fc1, self.fc2, self.dropout = nn.Linear(2048, 1024), nn.Linear(1024, classes), nn.Dropout(dropout)

    def forward(self, x):
        x = x if x.shape[2] <= 4 else nn.functional.avg_pool2d(x, 5, 3)
        return self.fc2(self.dropout(torch.relu(self.fc1(torch.flatten(self.conv(x), 1)))))


def googlenet(classes, side, stem_stride=2, lrn=False, **options):
    blocks = [Biased, partial(Inception, conv_block=Biased), Head]
    net = GoogLeNet(classes, init_weights=False, blocks=blocks, **options)
    for i in range(1, 5):
        setattr(net, f"maxpool{i}", nn.MaxPool2d(3, stride=2, padding=1))
    if lrn:  # after the first pool, and before the second
        net.maxpool1 = nn.Sequential(net.maxpool1, nn.LocalResponseNorm(5))
        net.maxpool2 = nn.Sequential(nn.LocalResponseNorm(5), net.maxpool2)
    net.conv1.conv.stride = stem_stride
    return net


def vgg(name):
    def build(classes, side):
        net = getattr(zoo, name)(num_classes=classes, init_weights=False)
        if side != 224:  # ours takes the last map as it is
            net.avgpool = nn.Identity()
            net.classifier[0] = nn.Linear(512 * (side // 32) ** 2, 4096)
        return net

    return build


def published(name, **options):
    return lambda classes, side: getattr(zoo, name)(num_classes=classes, **options)


NETWORKS = {
    "alexnet": (BookAlexNet, 224, 1000),
    "alexnet_owt": (alexnet_owt, 224, 1000),
    **{f"vgg{n}{bn}": (vgg(f"vgg{n}{bn}"), 224, 1000) for bn in ("", "_bn") for n in (11, 13, 16, 19)},
    **{name: (published(name), 224, 1000) for name in (
        "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "wide_resnet50_2")},
    "googlenet": (googlenet, 224, 1000),
    "googlenet:stem_stride=1,no_aux=1": (lambda classes, side: googlenet(classes, side, 1, aux_logits=False), 224, 1000),
    "googlenet:lrn=1": (lambda classes, side: googlenet(classes, side, lrn=True), 224, 1000),
    "googlenet_bn": (published("googlenet", init_weights=False), 224, 1000),
    **{name: (published(name), 224, 1000) for name in ("squeezenet1_0", "squeezenet1_1", "densenet121")},
    "resnet20": (lambda classes, side: Cifar(BasicBlock, 3, classes), 32, 10),
    "resnet56": (lambda classes, side: Cifar(BasicBlock, 9, classes), 32, 10),
    "plain18": (lambda classes, side: ResNet(PlainBlock, [2, 2, 2, 2], classes), 224, 1000),
    "plain34": (lambda classes, side: ResNet(PlainBlock, [3, 4, 6, 3], classes), 224, 1000),
    "plain20": (lambda classes, side: Cifar(PlainBlock, 3, classes), 32, 10),
    "plain56": (lambda classes, side: Cifar(PlainBlock, 9, classes), 32, 10),
}
# Learning rates. Not googlenet_bn: PyTorch's float32 leaves its float64 by 0.5 % in the third step.
TRAINED = {"alexnet": 0.0005, "resnet18": 0.01, "googlenet": 0.0002}

# ---- Numbers that both sides make ------------------------------------------------------------------------------------


def fnv1a(text, bits, offset, prime):
    for byte in text.encode():
        offset = (offset ^ byte) * prime % 2**bits
    return offset


def uniform(name, count):
    """`count` numbers of [-1, 1), multiples of 2^-23: a hash of the index, keyed by the name."""
    x = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(fnv1a(name, 32, 0x811C9DC5, 0x01000193))
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return ((x >> np.uint32(8)).astype(np.int64) - 2**23).astype(np.float32) / np.float32(2**23)


def value(name, shape):
    """Weights as He et al. 2015 have them, uniform; the rest of a size that keeps signals alive."""
    u = uniform(name, math.prod(shape))
    if len(shape) > 1:
        u = u * np.float32(math.sqrt(6 / math.prod(shape[1:])))
    elif name.endswith(("weight", "running_var")):
        u = np.float32(0.75) + u * np.float32(0.25)
    else:
        u = u * np.float32(0.125)
    return torch.from_numpy(u.reshape(shape)).double()


def state(net):
    """What a file holds; torchvision's counters of batches are left to it."""
    return {k: v for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}


def made(build):
    net = build(CLASSES, SIDE).double()
    net.load_state_dict({k: value(k, v.shape) for k, v in state(net).items()})
    for m in net.modules():
        if isinstance(m, nn.Dropout):
            m.p = 0.0
    return net, torch.from_numpy(uniform("input", BATCH * 3 * SIDE * SIDE)).double().reshape(BATCH, 3, SIDE, SIDE)


# ---- The files ---------------------------------------------------------------------------------------------------------


def listing(net):
    return "".join(f"{k} {' '.join(map(str, v.shape))}\n" for k, v in state(net).items())


def macs(net, side):
    """Of one image: each output of a convolution or linear layer is a sum over a filter."""
    total = 0

    def count(layer, _, y):
        nonlocal total
        total += y.numel() * layer.weight[0].numel()

    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.register_forward_hook(count)
    with torch.no_grad():
        net.eval()(torch.zeros(1, 3, side, side))
    return total


def network_row(name, build, side, classes):
    net = build(classes, side)
    names = listing(net)
    digest = fnv1a(names, 64, 0xCBF29CE484222325, 0x100000001B3)
    parameters = sum(p.numel() for p in net.parameters())
    return f'{{"{name}", {parameters}, {macs(net, side)}, {names.count(chr(10))}, 0x{digest:016x}}},'


def numbers(values):
    return "{" + ", ".join(f"{v:.9g}" for v in values) + "}"


def logits_row(name, build):
    net, x = made(build)
    with torch.no_grad():
        return f'{{"{name}", {numbers(net.eval()(x).flatten().tolist())}}},'


def losses_row(name, build, lr):
    net, x = made(build)
    net.train()
    labels, losses = torch.arange(BATCH), []
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    for _ in range(STEPS):
        heads = net(x)
        heads = heads if isinstance(heads, tuple) else [heads]
        loss = sum((0.3 if i else 1.0) * nn.functional.cross_entropy(z, labels) for i, z in enumerate(heads))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return f'{{"{name}", {lr}f, {numbers(losses)}}},'


def write(path, rows):
    with open(os.path.join(os.path.dirname(__file__), path), "w") as out:
        print("/* Written by make_networks.py. */", *rows, sep="\n", file=out)


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--list":
        build, side, classes = NETWORKS[sys.argv[2]]
        sys.exit(print(listing(build(classes, side)), end=""))
    write("networks.inc", [network_row(name, *how) for name, how in NETWORKS.items()])
    write("logits.inc", [logits_row(name, build) for name, (build, _, _) in NETWORKS.items()])
    write("losses.inc", [losses_row(name, NETWORKS[name][0], lr) for name, lr in TRAINED.items()])
