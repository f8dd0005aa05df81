#!/usr/bin/python3
"""Writes color_fixtures.h: what torchvision makes of a small picture (python3-torchvision; run by hand, the result is
committed)."""
import sys

import numpy as np
import torch
import torchvision
import torchvision.transforms.functional as F

def levels(change):
    """Of a change that torchvision makes on whole levels only."""
    return lambda x, amount: change((x * 255).round().to(torch.uint8), amount).float() / 255


CASES = [("brightness:%g-%g", F.adjust_brightness, (0.6, 1.0, 1.7)), ("contrast:%g-%g", F.adjust_contrast, (0.5, 1.4)),
         ("saturation:%g-%g", F.adjust_saturation, (0.0, 0.7, 1.6)), ("hue:%g-%g", F.adjust_hue, (-0.5, -0.13, 0.0, 0.07, 0.4)),
         ("gray:1", lambda x, _: F.rgb_to_grayscale(x, 3), (1,)), ("posterize:%g,1", levels(F.posterize), (1, 3, 8)),
         ("solarize:%g,1", F.solarize, (0.0, 0.7, 1.0)), ("autocontrast:1", lambda x, _: F.autocontrast(x), (1,)),
         ("brightness:0.4-0.4 autocontrast:1", lambda x, _: F.autocontrast(F.adjust_brightness(x, 0.4)), (1,))]
PURE = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255), (0, 0, 0), (255, 255, 255),
        (90, 90, 90), (200, 90, 90)]


def picture():
    """picture(6, 5, 3) of tests/image/pictures.c, its first pixels replaced."""
    i = np.arange(6 * 5 * 3, dtype=np.uint64)
    pixels = ((i * 2654435761 >> 7) & 255).astype(np.uint8).reshape(-1, 3)
    pixels[:len(PURE)] = PURE
    return pixels.reshape(5, 6, 3)


def numbers(values, form):
    text = [form % v for v in values]
    lines = [", ".join(text[i:i + 12]) for i in range(0, len(text), 12)]
    return ",\n    ".join(lines)


out = open(sys.argv[1], "w")
print(f"/* Made by make_color_fixtures.py with torchvision {torchvision.__version__}. */\n/* clang-format off */", file=out)
print(f"static const uint8_t color_pixels[5 * 6 * 3] = {{\n    {numbers(picture().ravel(), '%d')}}};", file=out)
print("static const struct {\n    const char *text;\n    float planes[3 * 5 * 6];\n} color_cases[] = {", file=out)
x = torch.from_numpy(picture()).permute(2, 0, 1).float() / 255
for name, adjust, amounts in CASES:
    for amount in amounts:
        text = name % ((amount,) * name.count("%"))
        print(f'    {{"{text}", {{\n    {numbers(adjust(x, amount).numpy().ravel(), "%.7f")}}}}},', file=out)
print("};", file=out)
# equalize on 40x50 pixels of levels from 30 to 209 or so, dark ones more often: what each level becomes, -1 where it is not met.
v = ((np.arange(2000, dtype=np.uint64) * 2654435761 >> 11) % 180).astype(np.int64)
v = (v * v // 180 + 30).astype(np.uint8)
e = F.equalize(torch.from_numpy(v.reshape(1, 40, 50))).numpy().ravel()
becomes = [int(e[v == i][0]) if (v == i).any() else -1 for i in range(256)]
print(f"static const short equalized[256] = {{\n    {numbers(becomes, '%d')}}};", file=out)
x = F.adjust_hue(F.adjust_saturation(F.adjust_contrast(F.adjust_brightness(x, 1.3), 0.6), 1.5), 0.1)
print(f"/* brightness 1.3, contrast 0.6, saturation 1.5, hue 0.1, in this order. */\nstatic const float color_chain[3 * 5 * 6] = {{\n    {numbers(x.numpy().ravel(), '%.7f')}}};", file=out)
