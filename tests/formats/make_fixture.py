#!/usr/bin/env python3
"""Writes fixture.h: a file made by the reference implementation (pip install safetensors numpy; 0.8.0, 2.4.6 made it)."""

import numpy as np
from safetensors.numpy import save

tensors = {
    "conv1.weight": (np.arange(8, dtype=np.float32) / 4).reshape(2, 1, 2, 2),
    "half": np.array([1.5, -2.0, 2.0**-24], np.float16),
    "double": np.array([0.1]),
    "bn.num_batches_tracked": np.array(-7, np.int64),
    "empty": np.zeros((0, 5), np.uint8),
    'näme "quoted"': np.array([True]),
}
data = save(tensors, {"fovea": '{"version":1}', "note": 'two\nlines, "quoted" \\ é 🙂'})

with open("fixture.h", "w", encoding="utf-8") as out:
    out.write("/* Made by make_fixture.py. */\n/* clang-format off */\nstatic const unsigned char fixture[] = {\n")
    for i in range(0, len(data), 20):
        out.write("    " + ", ".join(f"0x{byte:02x}" for byte in data[i : i + 20]) + ",\n")
    out.write("};\n/* clang-format on */\n")
