#!/usr/bin/env python3
"""Grad-CAM by PyTorch's autograd, in float64, of the networks of make_networks.py with their formula's weights, on the first
of its images: writes gradcam.inc for tests/models/test_gradcam.c. Rows hold network, our layer ("" where it is the default:
what the last pool reads that is not itself a pool's), class, size, maximum, and the map divided by it."""

import os

import torch
import torch.nn as nn
import torch.nn.functional as F

from make_networks import NETWORKS, made, numbers

DEFAULTS = ["alexnet", "vgg11", "resnet18", "googlenet", "googlenet_bn", "mobilenet_v2", "densenet121", "squeezenet1_1"]
# Not inception4a: two values below 4e, within 1e-6, compete in a max pool there.
LAYERS = [("resnet18", "layer2"), ("mobilenet_v2", "features.13"), ("googlenet_bn", "inception4e"),
          ("vgg11", "features.8"), ("densenet121", "features.transition2")]

pooled = []  # what pools read that is not a pool's


def recording(pool):
    def call(x, *args, **kwargs):
        if not getattr(x, "is_pools", False):
            pooled.append(x)
        y = pool(x, *args, **kwargs)
        y.is_pools = True
        return y
    return call


for name in "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d":
    setattr(F, name, recording(getattr(F, name)))


def grad_cam(name, layer):
    build, shape, _ = NETWORKS[name]
    net, x, _ = made(build, shape)
    net.eval()
    seen = []
    for m in net.modules():
        if hasattr(m, "inplace"):
            m.inplace = False
    if layer:
        net.get_submodule(layer).register_forward_hook(lambda m, _, y: seen.append(y))
    pooled.clear()
    logits = net(x[:1])[0]
    a = seen[-1] if layer else pooled[-1]
    for label in logits.argsort(descending=True).tolist():
        gradient, = torch.autograd.grad(logits[label], a, retain_graph=True)
        cam = torch.relu((gradient.mean((2, 3), keepdim=True) * a).sum(1))[0]
        if cam.max() > 0:
            break
    h, w = cam.shape
    return f'{{"{name}", "{layer}", {label}, {h}, {w}, {cam.max():.9g}, {numbers((cam / cam.max()).flatten().tolist())}}},'


if __name__ == "__main__":
    torch.set_num_threads(1)  # the same sums each time
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "gradcam.inc"), "w") as out:
        print("/* Written by make_gradcam.py. */", file=out)
        for name, layer in [(name, "") for name in DEFAULTS] + LAYERS:
            print(grad_cam(name, layer), file=out)
