#!/usr/bin/python3
"""Writes jpeg_fixtures.h: small JPEG files, and the CRC-32 of the pixels that Pillow and djpeg make of them.

Needs python3-pil, python3-numpy, and cjpeg and djpeg of libjpeg-turbo-progs; run by hand, the result is committed.
"""
import io
import subprocess
import sys
import tempfile
import zlib

import numpy as np
from PIL import Image, ImageOps, __version__

WIDTH, HEIGHT = 37, 21


def picture(width, height, channels):
    """Waves, so that the files are small, and edges, so that no two ways of decoding agree by chance."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [127 + 90 * np.sin(x / (3 + k) + k) + 60 * np.cos(y / (2.5 + k)) * (x > 9 * k) for k in range(channels)]
    return np.stack(planes, 2).clip(0, 255).astype(np.uint8)


def pillow(mode, width, height, **options):
    pixels = picture(width, height, len(mode))
    image = Image.fromarray(pixels[:, :, 0] if mode == "L" else pixels, mode)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=40, optimize=True, **options)
    return out.getvalue()


def tool(name, given, *options):
    return subprocess.run([name, *options], input=given, stdout=subprocess.PIPE, check=True).stdout


def cjpeg(*options):
    ppm = b"P6 %d %d 255\n" % (WIDTH, HEIGHT) + picture(WIDTH, HEIGHT, 3).tobytes()
    return tool("cjpeg", ppm, "-quality", "40", *options)


def as_ycck(cmyk):
    """Other colors, but just as good a file: the color transform is a byte of Adobe's segment."""
    at = cmyk.index(b"Adobe") + 11
    return cmyk[:at] + b"\2" + cmyk[at + 1:]


def separate_scans():
    with tempfile.NamedTemporaryFile("w") as script:
        script.write("0;\n1;\n2;\n")
        script.flush()
        return cjpeg("-scans", script.name)


COLOR = pillow("RGB", WIDTH, HEIGHT, subsampling=2)
CMYK = pillow("CMYK", WIDTH, HEIGHT)
FILES = {  # name: (file, one Huffman-coded scan?)
    "gray": (pillow("L", 16, 17), True),
    "color_444": (pillow("RGB", WIDTH, HEIGHT, subsampling=0), True),
    "color_422": (pillow("RGB", WIDTH, HEIGHT, subsampling=1), True),
    "color_420": (COLOR, True),
    "dot": (pillow("RGB", 1, 1, subsampling=2), True),
    "rgb": (cjpeg("-rgb", "-optimize"), True),
    "restart": (cjpeg("-restart", "1B", "-optimize"), True),
    "cmyk": (CMYK, True),
    "ycck": (as_ycck(CMYK), True),
    "ycck_420": (as_ycck(pillow("CMYK", 16, 17, subsampling=2)), True),
    "progressive": (pillow("RGB", WIDTH, HEIGHT, subsampling=2, progressive=True), False),
    "separate_scans": (separate_scans(), False),
    "arithmetic": (cjpeg("-arithmetic"), False),
}


def pixels(file):
    image = Image.open(io.BytesIO(file))
    return np.asarray(image.convert("L" if image.mode == "L" else "RGB"))


def upright_crc(orientation):
    exif = Image.Exif()
    exif[0x112] = orientation
    with_exif = Image.open(io.BytesIO(COLOR))
    with_exif.info["exif"] = exif.tobytes()
    return zlib.crc32(np.asarray(ImageOps.exif_transpose(with_exif)).tobytes())


def scaled_crc(eighths):
    ppm = Image.open(io.BytesIO(tool("djpeg", COLOR, "-scale", f"{eighths}/8", "-ppm")))
    return zlib.crc32(ppm.tobytes())


def numbers(values, per_line=30):
    text = [str(v) for v in values]
    return ",\n    ".join(",".join(text[i:i + per_line]) for i in range(0, len(text), per_line))


out = open(sys.argv[1], "w")
print(f"/* Made by make_jpeg_fixtures.py with Pillow {__version__} and libjpeg-turbo 2.1.5. */", file=out)
print("/* clang-format off */", file=out)
for name, (file, one_scan) in FILES.items():
    print(f"static const uint8_t jpeg_{name}[] = {{\n    {numbers(file)}}};", file=out)
print("\nstatic const struct jpeg_fixture {\n    const char *name;\n    const uint8_t *bytes;\n    size_t count;", file=out)
print("    bool one_scan; /* and Huffman-coded: whole without its end marker */\n    int width, height, channels;", file=out)
print("    uint32_t crc; /* of the pixels */\n} jpeg_fixtures[] = {", file=out)
for name, (file, one_scan) in FILES.items():
    p = pixels(file)
    shape = f"{p.shape[1]}, {p.shape[0]}, {1 if p.ndim == 2 else 3}"
    print(f'    {{"{name}", jpeg_{name}, sizeof jpeg_{name}, {str(one_scan).lower()}, {shape}, {zlib.crc32(p.tobytes())}u}},',
          file=out)
print("};\n\n/* color_420 turned upright from each EXIF orientation. */", file=out)
print(f"static const uint32_t upright_crc[9] = {{0, {', '.join(f'{upright_crc(o)}u' for o in range(1, 9))}}};", file=out)
print("/* color_420 decoded to eighths of its size. */", file=out)
print(f"static const uint32_t scaled_crc[9] = {{{', '.join(f'[{n}] = {scaled_crc(n)}u' for n in (1, 2, 4, 8))}}};", file=out)
