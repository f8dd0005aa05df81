#!/usr/bin/python3
"""What bench/decode does, with Pillow: decode_pil.py SIDE FILE... prints images/s over at least a second.

Fast is Pillow's draft(), which knows halves, quarters and eighths. `decode_pil.py make WIDTHxHEIGHT COUNT FOLDER FILE...`
makes pictures to decode of real ones: enlarged, with the noise of a camera, quality 90 and 4:2:0.
"""
import io
import sys
import time

from PIL import Image


def make(size, count, folder, files):
    import numpy as np
    width, height = map(int, size.split("x"))
    noise = np.random.default_rng(1)
    for i in range(count):
        pixels = np.asarray(Image.open(files[i % len(files)]).convert("RGB").resize((width, height), Image.BICUBIC))
        pixels = (pixels + noise.normal(0, 4, pixels.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(f"{folder}/{size}-{i}.jpg", quality=90, subsampling=2)


def decode(data, side):
    image = Image.open(io.BytesIO(data))
    if side:
        image.draft("RGB", (side, side))
    image.load()


def main(side, files):
    pictures = [open(name, "rb").read() for name in files]
    for data in pictures:
        decode(data, side)
    begin, decoded = time.perf_counter(), 0
    while time.perf_counter() - begin < 1.0:
        for data in pictures:
            decode(data, side)
        decoded += len(pictures)
    print("%.1f" % (decoded / (time.perf_counter() - begin)))


if sys.argv[1] == "make":
    make(sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5:])
else:
    main(int(sys.argv[1]), sys.argv[2:])
