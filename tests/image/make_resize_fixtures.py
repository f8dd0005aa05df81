#!/usr/bin/python3
"""Writes resize_fixtures.h: what Pillow makes of a few pictures (python3-pil; run by hand, the result is committed)."""
import sys

import numpy as np
from PIL import Image, __version__

CASES = [  # width, height, channels -> width, height
    (13, 9, 1, 7, 5), (7, 5, 1, 13, 11), (16, 16, 1, 5, 16), (16, 16, 1, 16, 21), (1, 1, 3, 3, 2),
    (12, 10, 3, 5, 4), (97, 61, 1, 3, 2), (20, 14, 3, 11, 17), (9, 9, 4, 4, 4), (250, 3, 1, 12, 3),
]


def picture(width, height, channels):
    """The same formula as in pictures.c."""
    i = np.arange(width * height * channels, dtype=np.uint64)
    return ((i * 2654435761 >> 7) & 255).astype(np.uint8).reshape(height, width, channels)


def resized(pixels, width, height):
    """Each channel on its own: Pillow would multiply colors by alpha."""
    planes = [Image.fromarray(np.ascontiguousarray(pixels[:, :, c])).resize((width, height), Image.BILINEAR)
              for c in range(pixels.shape[2])]
    return np.stack([np.asarray(p) for p in planes], axis=2)


def luma():
    rgb = picture(40, 1, 3)
    return np.asarray(Image.fromarray(rgb).convert("L")).ravel()


def numbers(values):
    text = [str(v) for v in values]
    lines = [", ".join(text[i:i + 24]) for i in range(0, len(text), 24)]
    return ",\n    ".join(lines)


out = open(sys.argv[1], "w")
print(f"/* Made by make_resize_fixtures.py with Pillow {__version__}. */", file=out)
print("/* clang-format off */", file=out)
for n, (w, h, c, to_w, to_h) in enumerate(CASES):
    print(f"static const uint8_t resized_{n}[] = {{\n    {numbers(resized(picture(w, h, c), to_w, to_h).ravel())}}};", file=out)
print("static const struct {\n    int width, height, channels, to_width, to_height;\n    const uint8_t *pixels;\n} resize_cases[] = {", file=out)
for n, case in enumerate(CASES):
    print(f"    {{{', '.join(map(str, case))}, resized_{n}}},", file=out)
print(f"}};\n/* The gray of picture(40, 1, 3). */\nstatic const uint8_t luma[] = {{\n    {numbers(luma())}}};", file=out)
