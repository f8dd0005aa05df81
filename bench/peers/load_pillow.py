#!/usr/bin/python3
"""What `fovea bench --mode load` does, with Pillow and NumPy: files decoded, resized to SIDE x SIDE, normalised into [C,H,W].

load_pillow.py SIDE exact|draft FILE... prints images/s over at least two seconds, after a pass that is not timed. `draft` lets
libjpeg decode to a half, quarter or eighth, as Pillow's own thumbnail() does.
"""
import sys
import time

import numpy as np
from PIL import Image

MEAN, STD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)
SCALE, SHIFT = (1 / (255 * STD))[:, None, None], (-MEAN / STD)[:, None, None]


def load(path, side, draft, out):
    image = Image.open(path)
    if draft:
        image.draft("RGB", (side, side))
    pixels = np.asarray(image.convert("RGB").resize((side, side), Image.BILINEAR))
    np.multiply(pixels.transpose(2, 0, 1), SCALE, out=out)
    out += SHIFT


side, draft, files = int(sys.argv[1]), sys.argv[2] == "draft", sys.argv[3:]
batch = np.empty((len(files), 3, side, side), np.float32)
for x, path in zip(batch, files):
    load(path, side, draft, x)
begin, loaded = time.perf_counter(), 0
while time.perf_counter() - begin < 2:
    for x, path in zip(batch, files):
        load(path, side, draft, x)
    loaded += len(files)
print("%.1f" % (loaded / (time.perf_counter() - begin)))
