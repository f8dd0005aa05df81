#!/usr/bin/env python3
"""Exchanges weights with torchvision, both ways, for every network that it has too.

    peer_torchvision.py TEST_TORCHVISION DIR

The C side is `test_torchvision --exchange NAME DIR`: it takes DIR/theirs.safetensors into the network NAME and saves that as
DIR/ours.safetensors, which torchvision's module must load with strict=True, to be what it was. Exits with 77 where torchvision
is not installed. FOVEA_TEST_FULL: the networks of over 100 MB too.
"""

import json
import os
import struct
import subprocess
import sys

try:
    import torch
    import torchvision.models as zoo
except ImportError as missing:
    print(missing)
    sys.exit(77)

SHARED = [
    "alexnet", *(f"vgg{n}{bn}" for bn in ("", "_bn") for n in (11, 13, 16, 19)), "googlenet",
    "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "wide_resnet50_2",
    "squeezenet1_0", "squeezenet1_1", "densenet121",
    "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "shufflenet_v2_x1_0",
]
OURS = {"alexnet": "alexnet_owt", "googlenet": "googlenet_bn"}
DTYPES = {"F32": torch.float32, "I64": torch.int64}
program, folder = sys.argv[1:]


def save(state, path):
    header, at = {}, 0
    for name, t in state.items():
        dtype = next(k for k, v in DTYPES.items() if v == t.dtype)
        size = t.numel() * t.element_size()
        header[name] = {"dtype": dtype, "shape": list(t.shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for t in state.values():
            out.write(t.numpy().tobytes())


def load(path):
    with open(path, "rb") as file:
        data = file.read()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    header, state = json.loads(data[8:start]), {}
    header.pop("__metadata__", None)
    for name, t in header.items():
        begin, end = (start + offset for offset in t["data_offsets"])
        state[name] = torch.frombuffer(bytearray(data[begin:end]), dtype=DTYPES[t["dtype"]]).reshape(t["shape"])
    return state


def network(name):
    return getattr(zoo, name)(**({"init_weights": False} if name == "googlenet" else {}))


def exchange(name, theirs):
    with torch.no_grad():
        for key, t in theirs.state_dict().items():
            t.copy_(torch.rand(t.shape) if t.is_floating_point() else 7)  # statistics too
    save(theirs.state_dict(), f"{folder}/theirs.safetensors")
    subprocess.run([program, "--exchange", OURS.get(name, name), folder], check=True)
    fresh = network(name)
    fresh.load_state_dict(load(f"{folder}/ours.safetensors"), strict=True)
    for (key, a), b in zip(theirs.state_dict().items(), fresh.state_dict().values()):
        if not key.endswith("num_batches_tracked") and not torch.equal(a, b):
            sys.exit(f"{name}: {key} came back otherwise")


torch.manual_seed(1)
for name in SHARED:
    theirs = network(name)
    if sum(p.numel() for p in theirs.parameters()) <= 25e6 or os.environ.get("FOVEA_TEST_FULL"):
        exchange(name, theirs)
        print(name, "there and back")
