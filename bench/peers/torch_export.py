#!/usr/bin/env python3
"""A network with random weights for other runtimes: torch_export.py NETWORK FILE [PARAMETERS], FILE.onnx (any batch) or FILE.pt
(TorchScript, frozen). Fails unless the network has as many parameters, if they are told and not 0."""
import os
import sys

import torch

from common import INPUTS, STANDARD_INPUT
from torch_networks import network, parameters

name, path, expected = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0
torch.manual_seed(0)
net = network(name).eval()
if expected and parameters(net) != expected:
    sys.exit(f"{name}: {parameters(net)} parameters, not {expected}: another network")
x = torch.randn(1, *INPUTS.get(name, STANDARD_INPUT)[:3])
os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
unfinished = path + ".part"
if path.endswith(".pt"):
    with torch.no_grad():
        torch.jit.save(torch.jit.freeze(torch.jit.trace(net, x)), unfinished)
else:
    tracer = {"dynamo": False} if "dynamo" in torch.onnx.export.__code__.co_varnames else {}
    torch.onnx.export(net, x, unfinished, input_names=["x"], output_names=["y"], opset_version=17,
                      dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}}, **tracer)
os.rename(unfinished, path)
