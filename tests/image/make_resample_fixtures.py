#!/usr/bin/python3
"""Writes resample_fixtures.h: what Pillow and OpenCV make of a few pictures (python3-pil, python3-opencv; run by hand, the
result is committed)."""
import sys

import cv2
import numpy as np
from PIL import Image, __version__

SMALL = [  # width, height, channels -> width, height; the results themselves
    (13, 9, 1, 7, 5), (7, 5, 1, 13, 11), (16, 16, 1, 5, 16), (16, 16, 1, 16, 21), (1, 1, 3, 3, 2),
    (12, 10, 3, 5, 4), (97, 61, 1, 3, 2), (9, 9, 4, 4, 4), (250, 3, 1, 12, 3), (12, 10, 3, 6, 5), (8, 1, 1, 3, 9),
    (14, 6, 1, 7, 3), (2, 2, 4, 5, 3), (5, 40, 3, 4, 3),
]
LARGE = [  # their sums
    (20, 14, 3, 11, 17), (500, 375, 3, 224, 224), (375, 500, 3, 224, 224), (333, 251, 1, 97, 640), (33, 34, 3, 32, 32),
    (97, 64, 4, 64, 97), (448, 448, 3, 224, 224), (130, 50, 1, 65, 25), (28, 28, 1, 32, 32), (32, 32, 3, 224, 224),
    (1000, 700, 3, 31, 29), (641, 3, 3, 640, 3), (3, 641, 3, 3, 77),
]
BOXES = [  # Pillow's box=(left, top, right, bottom)
    (40, 30, 3, 16, 16, (5, 3, 37, 29)), (40, 30, 1, 16, 12, (0, 0, 7.5, 30)), (40, 30, 3, 9, 50, (3.25, 1.5, 39.75, 20.125)),
    (500, 375, 3, 224, 224, (100, 20, 201, 180)),
]


def picture(width, height, channels):
    """The same formula as in pictures.c."""
    i = np.arange(width * height * channels, dtype=np.uint64)
    return ((i * 2654435761 >> 7) & 255).astype(np.uint8).reshape(height, width, channels)


def pil(pixels, width, height, box=None):
    """Each channel on its own: Pillow would multiply colors by alpha."""
    planes = [Image.fromarray(np.ascontiguousarray(pixels[:, :, c])).resize((width, height), Image.BILINEAR, box)
              for c in range(pixels.shape[2])]
    return np.stack([np.asarray(p) for p in planes], axis=2)


def linear(pixels, width, height):
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)


def luma():
    rgb = picture(40, 1, 3)
    return np.asarray(Image.fromarray(rgb).convert("L")).ravel()


def fnv(values):
    """FNV-1a, 64 bits."""
    total = 0xcbf29ce484222325
    for byte in values.tobytes():
        total = (total ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return f"0x{total:016x}"


def numbers(values):
    text = [str(v) for v in values]
    lines = [", ".join(text[i:i + 24]) for i in range(0, len(text), 24)]
    return ",\n    ".join(lines)


out = open(sys.argv[1], "w")
print(f"/* Made by make_resample_fixtures.py with Pillow {__version__} and OpenCV {cv2.__version__}. */", file=out)
print("/* clang-format off */", file=out)
cases = []
for name, resize in ("pil", pil), ("cv2", linear):
    for n, (w, h, c, to_w, to_h) in enumerate(SMALL):
        result = resize(picture(w, h, c), to_w, to_h)
        print(f"static const uint8_t {name}_{n}[] = {{\n    {numbers(result.ravel())}}};", file=out)
        cases.append((name, w, h, c, to_w, to_h, (0, 0, w, h), f"{name}_{n}", fnv(result)))
    for w, h, c, to_w, to_h in LARGE:
        cases.append((name, w, h, c, to_w, to_h, (0, 0, w, h), "NULL", fnv(resize(picture(w, h, c), to_w, to_h))))
for w, h, c, to_w, to_h, box in BOXES:
    cases.append(("pil", w, h, c, to_w, to_h, box, "NULL", fnv(pil(picture(w, h, c), to_w, to_h, box))))
print("""/* Of picture(width, height, channels) the box from left, top to right, bottom; `sum` is the FNV-1a of the result. */
static const struct {
    fv_resize how;
    int width, height, channels, to_width, to_height;
    double left, top, right, bottom;
    const uint8_t *pixels;
    uint64_t sum;
} resample_cases[] = {""", file=out)
for name, w, h, c, to_w, to_h, box, pixels, total in cases:
    print(f"    {{FV_RESIZE_{name.upper()}, {w}, {h}, {c}, {to_w}, {to_h}, {', '.join(map(str, box))}, {pixels}, {total}}},", file=out)
print(f"}};\n/* The gray of picture(40, 1, 3). */\nstatic const uint8_t luma[] = {{\n    {numbers(luma())}}};", file=out)
