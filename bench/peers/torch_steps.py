#!/usr/bin/env python3
"""PyTorch: see common.py. The faster of the plain and the channels_last layout counts. Training is Adam on cross-entropy, in
bf16 by autocast; inference is traced and frozen, in bf16 with weights and images of that type. With --compile both are what
torch.compile makes of them instead, which takes minutes the first time."""
import warnings

import torch
from torch import nn

from common import arguments, check_parameters, report
from torch_networks import network, parameters


def optimizer_of(net):
    try:
        return torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)  # on CPUs since 2.4
    except (RuntimeError, TypeError):
        return torch.optim.Adam(net.parameters(), lr=1e-3)


def training(net, x, y, options):
    optimizer = optimizer_of(net.train())
    forward = torch.compile(net) if options.compile else net

    def step():
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16"):
            loss = nn.functional.cross_entropy(forward(x), y)
        loss.backward()
        optimizer.step()
    return step


def frozen(net, x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the current release prefers torch.compile
        return torch.jit.freeze(torch.jit.trace(net, x))


def compiled(net):
    import torch._inductor.config
    torch._inductor.config.freezing = True
    return torch.compile(net)


def inference(net, x, options):
    net = net.eval()
    if options.precision == "bf16":
        net, x = net.bfloat16(), x.bfloat16()
    with torch.no_grad():
        forward = compiled(net) if options.compile else frozen(net, x)

    def step():
        with torch.no_grad():
            forward(x)
    return step


def make(options, layout):
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    net = network(options.network)
    check_parameters(options, parameters(net))
    net = net.to(memory_format=layout)
    x = torch.randn(options.shape).to(memory_format=layout)
    y = torch.randint(0, options.classes, (options.batch,))
    return training(net, x, y, options) if options.mode == "train" else inference(net, x, options)


options = arguments("PyTorch " + torch.__version__, {"--compile": "by torch.compile"})
report(options, [lambda layout=layout: make(options, layout) for layout in (torch.contiguous_format, torch.channels_last)])
