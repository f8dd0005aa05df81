#!/usr/bin/env python3
"""torchvision's networks in numbers: writes networks.inc (parameters, MACs, a digest of names and shapes; logits at inference
and in training, the loss, and each parameter's gradient, in float64) and losses.inc (ten training steps).
tests/models/test_torchvision.c makes the same weights and images by the same formula, so only results are stored.

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
from torchvision.ops.misc import Conv2dNormActivation

CLASSES, BATCH, STEPS = 10, 4, 10  # of logits and losses

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


class BookLeNet(nn.Module):
    """LeNet as the book's code has it; or as its text says."""

    def __init__(self, classes, side, text=False):
        super().__init__()
        self.conv1, self.conv2, self.conv3 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5), nn.Conv2d(16, 120, 4)
        self.fc1, self.fc2, self.pool, self.text = nn.Linear(120, 64), nn.Linear(64, classes), nn.MaxPool2d(2), text

    def forward(self, x):
        def text(x):
            return torch.sigmoid(x) if self.text else x

        x = self.pool(torch.sigmoid(self.conv1(x)))
        x = self.pool(text(self.conv2(x if self.text else torch.sigmoid(x))))
        return self.fc2(torch.sigmoid(self.fc1(text(self.conv3(x)).flatten(1))))


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


class MobileNetV1(nn.Module):
    """Howard et al. 2017, table 1."""

    ROWS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]

    def __init__(self, classes, side, width_mult=1):
        super().__init__()
        unit, width = Conv2dNormActivation, int(32 * width_mult)
        layers = [unit(3, width, stride=2)]
        for channels, stride in self.ROWS:
            channels = int(channels * width_mult)
            layers.append(nn.Sequential(unit(width, width, stride=stride, groups=width), unit(width, channels, 1)))
            width = channels
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(width, classes)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class Airbench94(nn.Module):
    """Jordan 2024, section 3, with ReLUs and without the first layer's bias; logits as they are."""

    def __init__(self, classes, side):
        super().__init__()
        self.whiten = nn.Conv2d(3, 24, 2, bias=False)
        for i, (channels, width) in enumerate(((24, 64), (64, 256), (256, 256))):
            block = nn.Module()
            block.conv1, block.norm1 = nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
            block.conv2, block.norm2 = nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
            setattr(self, f"block{i + 1}", block)
        self.head = nn.Linear(256, classes, bias=False)

    def forward(self, x):
        x = torch.relu(self.whiten(x))
        for b in (self.block1, self.block2, self.block3):
            x = torch.relu(b.norm1(nn.functional.max_pool2d(b.conv1(x), 2)))
            x = torch.relu(b.norm2(b.conv2(x)))
        return self.head(nn.functional.max_pool2d(x, 3).flatten(1))


def leaky_resnet18(classes, side):
    net = zoo.resnet18(num_classes=classes)
    for m in net.modules():
        if hasattr(m, "relu"):
            m.relu = nn.LeakyReLU(0.1)
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


NETWORKS = {  # how to build one, and the paper's input and classes
    "lenet": (BookLeNet, (1, 28, 28), 10),
    "lenet:text=1": (partial(BookLeNet, text=True), (1, 28, 28), 10),
    **{name: (build, (3, 224, 224), 1000) for name, build in {
        "alexnet": BookAlexNet,
        "alexnet_owt": alexnet_owt,
        **{f"vgg{n}{bn}": vgg(f"vgg{n}{bn}") for bn in ("", "_bn") for n in (11, 13, 16, 19)},
        "googlenet": googlenet,
        "googlenet:stem_stride=1,no_aux=1": partial(googlenet, stem_stride=1, aux_logits=False),
        "googlenet:lrn=1": partial(googlenet, lrn=True),
        "googlenet_bn": published("googlenet", init_weights=False),
        **{name: published(name) for name in (
            "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "wide_resnet50_2")},
        "resnet18:leaky=1": leaky_resnet18,
        "plain18": lambda classes, side: ResNet(PlainBlock, [2, 2, 2, 2], classes),
        "plain34": lambda classes, side: ResNet(PlainBlock, [3, 4, 6, 3], classes),
        **{name: published(name) for name in ("squeezenet1_0", "squeezenet1_1", "densenet121")},
        "mobilenet_v1": MobileNetV1,
        "mobilenet_v1:width_mult=0.5": partial(MobileNetV1, width_mult=0.5),
        **{name: published(name) for name in ("mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large")},
        "mobilenet_v2:width_mult=0.35": published("mobilenet_v2", width_mult=0.35),
        "mobilenet_v3_small:width_mult=1.5": published("mobilenet_v3_small", width_mult=1.5),
        "shufflenet_v2_x1_0": published("shufflenet_v2_x1_0"),
    }.items()},
    **{name: (lambda classes, side, block=block, n=n: Cifar(block, n, classes), (3, 32, 32), 10)
       for name, block, n in (("resnet20", BasicBlock, 3), ("resnet56", BasicBlock, 9),
                              ("plain20", PlainBlock, 3), ("plain56", PlainBlock, 9))},
    "airbench94": (Airbench94, (3, 32, 32), 10),
}
# Learning rates at which rounding stays small for all ten steps.
TRAINED = {"lenet": 0.1, "alexnet": 0.0001, "resnet18": 0.0002, "googlenet": 0.00005, "mobilenet_v2": 0.0002}

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


def value(name, shape, shift):
    """Weights as He et al. 2015 have them, uniform; the rest of a size that keeps signals alive. The shifts of batch norm are
    positive, so that most values pass the ReLU behind it: without, each layer enlarges the errors of the one before, and
    PyTorch's own float32 is 8e-4 from its float64 in the logits of plain56; with, 5e-7."""
    u = uniform(name, math.prod(shape))
    if len(shape) > 1:
        u = u * np.float32(math.sqrt(6 / math.prod(shape[1:])))
    elif shift or name.endswith(("weight", "running_var")):
        u = np.float32(0.75) + u * np.float32(0.25)
    else:
        u = u * np.float32(0.125)
    return torch.from_numpy(u.reshape(shape)).double()


def state(net):
    """What a file holds; torchvision's counters of batches are left to it."""
    return {k: v for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}


def small_side(name):
    """64 leaves most networks a last map of 2x2, whose statistics a batch norm can use. plain56, whose gradients are the most
    sensitive, has the fewer values at the corner of a ReLU, where rounding decides, the smaller it is."""
    return 16 if name == "plain56" else min(NETWORKS[name][1][1], 64)


def made(name):
    """A small form of the network, its weights by the formula and nothing dropped; images; labels."""
    build, shape, _ = NETWORKS[name]
    side = small_side(name)
    shape = (shape[0], side, side)
    net = build(CLASSES, side).double()
    entries = state(net)
    shifts = {k.replace("running_mean", "bias") for k in entries if k.endswith("running_mean")}
    net.load_state_dict({k: value(k, v.shape, k in shifts) for k, v in entries.items()})
    for m in net.modules():
        if isinstance(m, nn.Dropout):
            m.p = 0.0
    x = torch.from_numpy(uniform("images", BATCH * math.prod(shape))).double().reshape(BATCH, *shape)
    return net, x, torch.arange(BATCH)


def train(net, x, labels):
    """The logits of one pass in training mode, and its loss; gradients are in the parameters then."""
    heads = net.train()(x)
    heads = heads if isinstance(heads, tuple) else [heads]
    loss = sum((0.3 if i else 1.0) * nn.functional.cross_entropy(z, labels) for i, z in enumerate(heads))
    net.zero_grad()
    loss.backward()
    return heads[0].detach(), loss.item()


# ---- The files ---------------------------------------------------------------------------------------------------------


def listing(net):
    return "".join(f"{k} {' '.join(map(str, v.shape))}\n" for k, v in state(net).items())


def macs(net, shape):
    """Of one image: each output of a convolution or linear layer is a sum over a filter."""
    total = 0

    def count(layer, _, y):
        nonlocal total
        total += y.numel() * layer.weight[0].numel()

    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.register_forward_hook(count)
    with torch.no_grad():
        net.eval()(torch.zeros(1, *shape))
    return total


def numbers(values, digits=9):
    return "{" + ", ".join(f"{float(v):.{digits}g}" for v in values) + "}"


def gradient(g):
    """Its length, and how far it goes in a direction that has nothing to do with it."""
    return numbers((g.norm(), g @ torch.from_numpy(uniform("direction", len(g))).double()), 6)


def network_row(name, build, shape, classes):
    net = build(classes, shape[1])
    names = listing(net)
    digest = fnv1a(names, 64, 0xCBF29CE484222325, 0x100000001B3)
    parameters = sum(p.numel() for p in net.parameters())
    row = f'{{"{name}", {small_side(name)}, {parameters}, {macs(net, shape)}, {names.count(chr(10))}, 0x{digest:016x},\n '
    net, x, labels = made(name)
    with torch.no_grad():
        row += numbers(net.eval()(x).flatten()) + ",\n "
    logits, loss = train(net, x, labels)
    gradients = ", ".join(gradient(p.grad.flatten()) for p in net.parameters())
    return row + f"{numbers(logits.flatten())},\n {loss:.9g}, (const golden_gradient[]){{{gradients}}}}},"


def losses_row(name, lr):
    net, x, labels = made(name)
    losses = []
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    for _ in range(STEPS):
        losses.append(train(net, x, labels)[1])
        optimizer.step()
    return f'{{"{name}", {lr}f, {numbers(losses)}}},'


def write(path, rows):
    with open(os.path.join(os.path.dirname(__file__), path), "w") as out:
        print("/* Written by make_networks.py. */", *rows, sep="\n", file=out)


if __name__ == "__main__":
    torch.set_num_threads(1)  # the same sums each time
    if len(sys.argv) == 3 and sys.argv[1] == "--list":
        build, shape, classes = NETWORKS[sys.argv[2]]
        sys.exit(print(listing(build(classes, shape[1])), end=""))
    write("networks.inc", [network_row(name, *how) for name, how in NETWORKS.items()])
    write("losses.inc", [losses_row(name, lr) for name, lr in TRAINED.items()])
