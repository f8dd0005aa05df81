#!/usr/bin/env python3
"""Exchanges files with the reference implementation (pip install safetensors numpy), both ways.

    peer_safetensors.py TEST_SAFETENSORS DIR

The C side is `test_safetensors --peer DIR`: it reads theirs.safetensors and writes ours.safetensors. Exits with 77 where
the reference is not installed.
"""

import struct
import subprocess
import sys

try:
    import numpy as np
    from safetensors import deserialize, safe_open
    from safetensors.numpy import save_file
except ImportError as missing:
    print(missing)
    sys.exit(77)

program, folder = sys.argv[1:]
save_file(  # as make_fixture.py
    {
        "conv1.weight": (np.arange(8, dtype=np.float32) / 4).reshape(2, 1, 2, 2),
        "half": np.array([1.5, -2.0, 2.0**-24], np.float16),
        "double": np.array([0.1]),
        "bn.num_batches_tracked": np.array(-7, np.int64),
        "empty": np.zeros((0, 5), np.uint8),
        'näme "quoted"': np.array([True]),
    },
    f"{folder}/theirs.safetensors",
    {"fovea": '{"version":1}', "note": 'two\nlines, "quoted" \\ é 🙂'},
)
subprocess.run([program, "--peer", folder], check=True)

ours = f"{folder}/ours.safetensors"
with open(ours, "rb") as file:
    tensors = {name: (t["dtype"], t["shape"], bytes(t["data"])) for name, t in deserialize(file.read())}
assert tensors == {
    "layer1.0.weight": ("F32", [2, 3], struct.pack("<6f", *range(6))),
    "brain": ("BF16", [3], struct.pack("<3H", 0x3FC0, 0xC000, 0x7FC1)),
    'näme "q\\': ("F32", [2], struct.pack("<2f", 1.5, -2)),
    "none": ("I64", [3, 0], b""),
    "scalar": ("U8", [], b"*"),
}, tensors
with safe_open(ours, framework="np") as opened:
    assert opened.metadata() == {"fovea": '{"version":1}', "a": "two\nlines 🙂\x01"}, opened.metadata()
