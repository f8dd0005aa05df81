#!/usr/bin/python3
"""Writes FORMAT_fixtures.h into a folder: small files and the pixels that Pillow reads from them (python3-pil and numpy of
Debian 12; run by hand, the results are committed). Files that Pillow cannot write are made here byte by byte; where it
cannot read one either, or not at 16 bits, the pixels are those that went in, and the script says so."""
import io
import struct
import sys
import zlib

import numpy as np
from PIL import Image, ImageOps, __version__

W, H = 13, 9


def noise(channels, most=255, width=W, height=H):
    i = np.arange(width * height * channels, dtype=np.uint64)
    return ((i * 2654435761 >> 7) % (most + 1)).astype(np.uint16).reshape(height, width, channels)


def smooth(channels, width=24, height=17):
    y, x, c = np.mgrid[:height, :width, :channels]
    return (128 + 90 * np.sin(x / (5 + c)) + 37 * np.cos(y / 3 + c)).astype(np.uint16)


RGB, RGBA, GRAY, GRAY_ALPHA = noise(3), noise(4), noise(1), noise(2)
BITS = noise(1, 1)
PALETTE = [(17 * i * i + 5 * c * i + 40 * c) % 256 for i in range(16) for c in range(3)]


def image(pixels):
    pixels = pixels.astype(np.uint8)
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def palette_image(most=15):
    result = image(noise(1, most))
    result.putpalette(PALETTE)
    return result


def saved(picture, form, **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def packed(samples, bits):
    """[rows, samples] of numbers to rows of whole bytes."""
    if bits == 16:
        return [row.astype(">u2").tobytes() for row in samples]
    unpacked = np.unpackbits(samples.astype(np.uint8)[:, :, None], axis=2)[:, :, 8 - bits:]
    return [np.packbits(row.ravel()).tobytes() for row in unpacked]


def exif(orientation):
    return b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" + bytes((orientation,)) + b"\0\0\0\0\0\0"


# ---- What Pillow makes of a file ------------------------------------------------------------------------------------

CONVERSIONS = {"1": "L", "CMYK": "RGB", "RGBX": "RGB", "RGBa": "RGBA", "La": "LA"}


def pillows(file, gray=False):
    picture = Image.open(io.BytesIO(file))
    picture.load()
    if picture.format != "TIFF":  # which is turned upright by loading it
        picture = ImageOps.exif_transpose(picture)
    if picture.mode == "P":
        picture = picture.convert("RGBA" if "transparency" in picture.info else "L" if gray else "RGB")
    elif "transparency" in picture.info:
        picture = picture.convert("RGBA" if picture.mode == "RGB" else "LA")
    elif picture.mode in CONVERSIONS:
        picture = picture.convert(CONVERSIONS[picture.mode])
    if picture.mode == "I":  # Pillow's way with 16-bit gray PNG
        return np.asarray(picture).astype(np.uint16)[:, :, None]
    pixels = np.asarray(picture)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


class Header:
    def __init__(self, form):
        self.form, self.rows, self.arrays, self.known = form, [], [], {}

    def array(self, values, kind):
        values = [int(v) for v in values]
        key = (kind, tuple(values))
        if key not in self.known:
            self.known[key] = f"{self.form}_{len(self.known)}"
            text = [str(v) for v in values]
            lines = [", ".join(text[i:i + 28]) for i in range(0, len(text), 28)]
            joined = ",\n    ".join(lines)
            self.arrays.append(f"static const {kind} {self.known[key]}[] = {{\n    {joined}}};")
        return self.known[key]

    def add(self, name, file, expected=None, gray=False):
        """expected: the pixels, where Pillow has 8 bits of 16 or nothing at all."""
        if expected is None:
            pixels = pillows(file, gray)
        else:
            pixels, theirs = expected, None
            try:
                theirs = pillows(file, gray)
            except Exception:
                print(f"{self.form}, {name}: Pillow does not read it")
            if theirs is not None:
                if theirs.shape[2] == 4 and pixels.shape[2] == 2:  # gray and alpha of 16 bits
                    theirs = theirs[:, :, [0, 3]]
                high = 8 if theirs.dtype == np.uint8 and pixels.max() > 255 else 0
                if not np.array_equal(theirs, pixels >> high):
                    print(f"{self.form}, {name}: Pillow reads something else")
        wide = pixels.dtype == np.uint16 and pixels.max() > 255
        h, w, c = pixels.shape
        bytes_name = self.array(file, "uint8_t")
        pixels_name = self.array(pixels.ravel(), "uint16_t" if wide else "uint8_t")
        self.rows.append(f'    {{"{name}", {bytes_name}, sizeof {bytes_name}, {w}, {h}, {c}, {16 if wide else 8}, {pixels_name}}},')

    def write(self, folder):
        with open(f"{folder}/{self.form}_fixtures.h", "w") as out:
            print(f"/* Made by make_picture_fixtures.py with Pillow {__version__}. */", file=out)
            print("/* clang-format off */", file=out)
            print("\n".join(self.arrays), file=out)
            print(f"static const fixture {self.form}_fixtures[] = {{", file=out)
            print("\n".join(self.rows) + "\n};", file=out)


# ---- PNG ------------------------------------------------------------------------------------------------------------

ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels, bits, color_type, interlaced=False, extra=b""):
    data = b""
    for x, y, step_x, step_y in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        part = pixels[y::step_y, x::step_x]
        if part.size:
            data += b"".join(b"\0" + row for row in packed(part.reshape(part.shape[0], -1), bits))
    header = struct.pack(">IIBBBBB", W, H, bits, color_type, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data, 9)) +
            chunk(b"IEND", b""))


def make_png():
    out = Header("png")
    plte = chunk(b"PLTE", bytes(PALETTE))
    small = {bits: chunk(b"PLTE", bytes(PALETTE[:3 * 2**bits])) for bits in (1, 2, 4, 8)}
    for interlaced in (False, True):
        kind = ", interlaced" if interlaced else ""
        for bits in (1, 2, 4, 8):
            out.add(f"gray, {bits} bits{kind}", png(noise(1, 2**bits - 1), bits, 0, interlaced),
                    noise(1, 2**bits - 1) * (255 // (2**bits - 1)))
            out.add(f"palette, {bits} bits{kind}", png(noise(1, min(15, 2**bits - 1)), bits, 3, interlaced, small[bits]))
        out.add(f"gray and alpha{kind}", png(GRAY_ALPHA, 8, 4, interlaced))
        out.add(f"RGB{kind}", png(RGB, 8, 2, interlaced))
        out.add(f"RGBA{kind}", png(RGBA, 8, 6, interlaced))
        for channels, color_type in ((1, 0), (2, 4), (3, 2), (4, 6)):
            pixels = noise(channels, 65535)
            out.add(f"{channels} channels of 16 bits{kind}", png(pixels, 16, color_type, interlaced), pixels)
    out.add("palette with transparency", png(noise(1, 15), 4, 3, False, plte + chunk(b"tRNS", bytes(range(0, 200, 20)))))
    gray, color = int(GRAY[2, 2, 0]), [int(c) for c in RGB[2, 2]]
    out.add("gray with a transparent one", png(GRAY, 8, 0, False, chunk(b"tRNS", struct.pack(">H", gray))))
    dark = noise(1, 3)
    out.add("gray of 2 bits with a transparent one", png(dark, 2, 0, True, chunk(b"tRNS", struct.pack(">H", 2))),
            np.concatenate([dark * 85, np.where(dark == 2, 0, 255).astype(np.uint16)], axis=2))
    out.add("RGB with a transparent color", png(RGB, 8, 2, True, chunk(b"tRNS", struct.pack(">HHH", *color))))
    wide = noise(3, 65535)
    opaque = np.where((wide == wide[1, 1]).all(axis=2), 0, 65535).astype(np.uint16)[:, :, None]
    out.add("RGB of 16 bits with a transparent color",
            png(wide, 16, 2, False, chunk(b"tRNS", wide[1, 1].astype(">u2").tobytes())),
            np.concatenate([wide, opaque], axis=2))
    out.add("orientation 8", png(RGB, 8, 2, False, chunk(b"eXIf", exif(8))))
    out.add("Pillow's own", saved(palette_image(), "PNG", optimize=True))
    return out


# ---- PNM ------------------------------------------------------------------------------------------------------------

def make_pnm():
    out = Header("pnm")
    text = "\n".join("".join(str(b) for b in row) for row in BITS[:, :, 0])
    out.add("P1", f"P1\n# digits without blanks\n{W} {H}\n{text}\n".encode())
    out.add("P1 with blanks", f"P1 {W} {H}\n{' '.join(str(b) for b in BITS.ravel())}".encode())
    out.add("P4", saved(image(BITS * 255).convert("1"), "PPM"))
    out.add("P5", saved(image(GRAY), "PPM"))
    out.add("P6", saved(image(RGB), "PPM"))
    wide = noise(1, 65535)
    out.add("P5, 16 bits", f"P5 {W} {H} 65535\n".encode() + wide.astype(">u2").tobytes(), wide)
    for channels, kind in ((1, "GRAYSCALE"), (2, "GRAYSCALE_ALPHA"), (3, "RGB"), (4, "RGB_ALPHA")):
        pixels = noise(channels)
        header = f"P7\n# any order\nHEIGHT {H}\nWIDTH {W}\nDEPTH {channels}\nMAXVAL 255\nTUPLTYPE {kind}\nENDHDR\n"
        out.add(f"P7, {kind}", header.encode() + pixels.astype(np.uint8).tobytes(), pixels)
    return out


# ---- WebP -----------------------------------------------------------------------------------------------------------

def make_webp():
    out = Header("webp")
    for name, pixels in (("RGB", RGB), ("RGBA", RGBA), ("smooth RGB", smooth(3)), ("smooth RGBA", smooth(4))):
        picture = image(pixels)
        out.add(f"{name}, lossless", saved(picture, "WEBP", lossless=True, exact=True))
        out.add(f"{name}, lossy", saved(picture, "WEBP", quality=70))
    out.add("sixteen colors, lossless", saved(palette_image(), "WEBP", lossless=True))
    for orientation in (1, 6):
        out.add(f"orientation {orientation}",
                saved(image(RGB), "WEBP", quality=70, exif=b"Exif\0\0" + exif(orientation), icc_profile=b"a profile"))
    frames = [image(RGB), image(RGB[::-1])]
    name = out.array(saved(frames[0], "WEBP", save_all=True, append_images=frames[1:]), "uint8_t")
    out.arrays.append(f"#define webp_animation {name}")
    return out


# ---- TIFF -----------------------------------------------------------------------------------------------------------

TYPES = {"H": 3, "I": 4, "Q": 16}


def tiff(pixels, bits, photometric, order="<", tile=None, separate=False, deflate=False, rows=4, extra=(), big=False, more=()):
    """Strips of `rows` rows or tiles of `tile` (width, height), `more` tags as (number, type, values)."""
    h, w, samples = pixels.shape

    def block(part):
        lines = packed(part.reshape(part.shape[0], -1), bits)
        data = b"".join(np.frombuffer(r, ">u2").astype(order + "u2").tobytes() for r in lines) if bits == 16 else b"".join(lines)
        return zlib.compress(data, 9) if deflate else data

    blocks = []
    for plane in ([pixels[:, :, c:c + 1] for c in range(samples)] if separate else [pixels]):
        tw, th = tile or (w, rows)
        for y in range(0, h, th):
            for x in range(0, w, tw):
                part = plane[y:y + th, x:x + tw]
                if tile:
                    part = np.pad(part, ((0, th - part.shape[0]), (0, tw - part.shape[1]), (0, 0)))
                blocks.append(block(part))
    offset, count, entry = ("Q", "Q", 20) if big else ("I", "H", 12)
    start = 16 if big else 8
    data, offsets = b"", []
    for b in blocks:
        offsets.append(start + len(data))
        data += b + b"\0" * (len(b) % 2)
    tags = [(256, "I", [w]), (257, "I", [h]), (258, "H", [bits] * samples), (259, "H", [8 if deflate else 1]),
            (262, "H", [photometric]), (277, "H", [samples]), (284, "H", [2 if separate else 1])]
    tags += [(322, "I", [tile[0]]), (323, "I", [tile[1]])] if tile else [(278, "I", [rows])]
    tags += [(324 if tile else 273, offset, offsets), (325 if tile else 279, "I", [len(b) for b in blocks])]
    tags += [(338, "H", list(extra))] * bool(extra) + list(more)
    entries, inline = b"", struct.calcsize(offset)
    for number, kind, values in sorted(tags):
        value = struct.pack(order + str(len(values)) + kind, *values)
        if len(value) > inline:
            place, data = struct.pack(order + offset, start + len(data)), data + value + b"\0" * (len(value) % 2)
        else:
            place = value.ljust(inline, b"\0")
        entries += struct.pack(order + "HH" + offset, number, TYPES[kind], len(values)) + place
    directory = struct.pack(order + count, len(tags)) + entries + b"\0" * inline
    head = b"II" if order == "<" else b"MM"
    head += struct.pack(order + "HHHQ", 43, 8, 0, 16 + len(data)) if big else struct.pack(order + "HI", 42, 8 + len(data))
    return head + data + directory


def premultiplied(pixels):
    result = pixels.copy()
    result[:, :, :3] = pixels[:, :, :3] * pixels[:, :, 3:] // 255
    return result


def make_tiff():
    out = Header("tiff")
    white, black, rgb, palette, cmyk = 0, 1, 2, 3, 5
    for bits in (1, 2, 4, 8):
        most = 2**bits - 1
        out.add(f"gray, {bits} bits", tiff(noise(1, most), bits, black))
        out.add(f"white is zero, {bits} bits", tiff(noise(1, most), bits, white))
        colors = (PALETTE * 16)[:3 * 2**bits]
        table = [257 * c for i in range(3) for c in colors[i::3]]
        out.add(f"palette, {bits} bits", tiff(noise(1, most), bits, palette, more=[(320, "H", table)]),
                np.array(colors, np.uint16).reshape(-1, 3)[noise(1, most)[:, :, 0]])
    for order in "<>":
        wide = noise(1, 65535)
        out.add(f"gray, 16 bits {order}", tiff(wide, 16, black, order), wide)
        wide = noise(3, 65535)
        out.add(f"RGB, 16 bits {order}", tiff(wide, 16, rgb, order), wide)
        out.add(f"RGB, 16 bits, planes {order}", tiff(wide, 16, rgb, order, separate=True), wide)
        wide = noise(4, 65535)
        out.add(f"RGBA, 16 bits {order}", tiff(wide, 16, rgb, order, extra=[2]), wide)
    wide = noise(1, 65535)
    out.add("white is zero, 16 bits", tiff(wide, 16, white), 65535 - wide)
    for name, pixels, photometric, extra in (
            ("gray", GRAY, black, ()), ("gray and alpha", GRAY_ALPHA, black, [2]), ("RGB", RGB, rgb, ()), ("RGBA", RGBA, rgb, [2]),
            ("RGB and one more", RGBA, rgb, [0]), ("RGBA, not said", RGBA, rgb, ()),
            ("RGBA, premultiplied", premultiplied(RGBA), rgb, [1]), ("CMYK", RGBA, cmyk, ())):
        out.add(name, tiff(pixels, 8, photometric, extra=extra))
        out.add(f"{name}, tiles", tiff(pixels, 8, photometric, tile=(16, 16), extra=extra))
        out.add(f"{name}, Deflate", tiff(pixels, 8, photometric, deflate=True, extra=extra))
        if pixels.shape[2] > 1:
            expected = pillows(tiff(pixels, 8, photometric, extra=extra))
            out.add(f"{name}, planes", tiff(pixels, 8, photometric, separate=True, extra=extra), expected)
            out.add(f"{name}, planes of tiles", tiff(pixels, 8, photometric, separate=True, tile=(16, 16), extra=extra), expected)
    big = noise(3, width=37, height=35)
    out.add("RGB, many tiles", tiff(big, 8, rgb, tile=(16, 32), deflate=True))
    out.add("RGB, one strip", tiff(RGB, 8, rgb, rows=H))
    for orientation in (3, 5):
        out.add(f"orientation {orientation}", tiff(RGB, 8, rgb, more=[(274, "H", [orientation])]))
    out.add("BigTIFF", tiff(RGB, 8, rgb, big=True), RGB)
    out.add("BigTIFF, big-endian", tiff(noise(1, 65535), 16, black, order=">", big=True), noise(1, 65535))
    for compression in ("tiff_ccitt", "group3", "group4", "packbits", "tiff_lzw", "tiff_adobe_deflate"):
        out.add(f"bits, {compression}", saved(image(BITS * 255).convert("1"), "TIFF", compression=compression))
    for compression in ("packbits", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "zstd", "webp"):
        out.add(f"RGB, {compression}", saved(image(RGB), "TIFF", compression=compression))
        out.add(f"RGBA, {compression}", saved(image(RGBA), "TIFF", compression=compression))
    out.add("RGB, LZW and predictor", saved(image(smooth(3)), "TIFF", compression="tiff_lzw", tiffinfo={317: 2}))
    for name, picture in (("gray", image(smooth(1))), ("RGB", image(smooth(3))), ("CMYK", image(smooth(4)).convert("RGB").convert("CMYK"))):
        out.add(f"{name}, JPEG", saved(picture, "TIFF", compression="jpeg"))
    out.add("YCbCr, JPEG", saved(image(smooth(3)).convert("YCbCr"), "TIFF", compression="jpeg"), ycbcr_jpeg())
    lzma = out.array(saved(image(RGB), "TIFF", compression="lzma"), "uint8_t")
    floats = out.array(saved(Image.fromarray(GRAY[:, :, 0].astype(np.float32)), "TIFF"), "uint8_t")
    signed = out.array(tiff(GRAY, 8, black, more=[(339, "H", [2])]), "uint8_t")
    lab = out.array(tiff(RGB, 8, 8), "uint8_t")
    ycbcr = out.array(tiff(RGB, 8, 6), "uint8_t")
    for name in ("lzma", "floats", "signed", "lab", "ycbcr"):
        out.arrays.append(f"#define tiff_{name} {locals()[name]}")
    return out


def ycbcr_jpeg():
    picture = Image.open(io.BytesIO(saved(image(smooth(3)).convert("YCbCr"), "TIFF", compression="jpeg")))
    return np.asarray(picture.convert("RGB")).astype(np.uint16)


# ---- BMP ------------------------------------------------------------------------------------------------------------

def bmp(rows, bits, height=H, compression=0, palette=b"", info=40, masks=b"", width=W):
    """`rows`: the pixels' bytes. An info header of 12 bytes is OS/2's."""
    if info == 12:
        header = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        colors = len(palette) // 4
        header = struct.pack("<IiiHHIIiiII", info, width, height, 1, bits, compression, len(rows), 2835, 2835, colors, 0)[:info]
        header += masks.ljust(max(0, info - 40), b"\0") if info > 40 else b""
        header += masks if info == 40 else b""
    offset = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(rows), 0, 0, offset) + header + palette + rows


def bmp_rows(samples, bits, top_down=False):
    rows = packed(samples, bits)
    return b"".join(r.ljust((len(r) + 3) // 4 * 4, b"\0") for r in (rows if top_down else rows[::-1]))


def words(numbers, bytes_each, top_down=False):
    """[rows, pixels] of whole pixels, little-endian."""
    rows = [b"".join(int(v).to_bytes(bytes_each, "little") for v in row) for row in numbers]
    return b"".join(r.ljust((len(r) + 3) // 4 * 4, b"\0") for r in (rows if top_down else rows[::-1]))


def runs8(indices):
    """Of each row the first half as runs, the rest as it is."""
    data = b""
    for row in indices[::-1]:
        half, rest = [int(v) for v in row[:6]], bytes(int(v) for v in row[6:])
        data += b"".join(bytes((1, v)) for v in half) + bytes((0, len(rest))) + rest + b"\0" * (len(rest) % 2) + b"\0\0"
    return data[:-2] + b"\0\1"


def runs4(indices):
    data = b""
    for row in indices[::-1]:
        row = [int(v) for v in row]
        data += bytes((3, row[0] << 4 | row[0]))  # three pixels of one color; the fixture has them
        rest = row[3:]
        nibbles = rest + [0] * (-len(rest) % 4)
        data += bytes((0, len(rest))) + bytes(a << 4 | b for a, b in zip(nibbles[::2], nibbles[1::2])) + b"\0\0"
    return data[:-2] + b"\0\1"


def make_bmp():
    out = Header("bmp")
    quads = b"".join(bytes(PALETTE[3 * i:3 * i + 3][::-1]) + b"\0" for i in range(16))
    triples = b"".join(bytes(PALETTE[3 * i:3 * i + 3][::-1]) for i in range(16))
    out.add("1 bit, Pillow's", saved(image(BITS * 255).convert("1"), "BMP"))
    out.add("gray, Pillow's", saved(image(GRAY), "BMP"))
    out.add("RGB, Pillow's", saved(image(RGB), "BMP"))
    out.add("RGBA, Pillow's", saved(image(RGBA), "BMP"))
    out.add("palette, Pillow's", saved(palette_image(), "BMP"))
    for bits in (1, 4, 8):
        indices = noise(1, min(15, 2**bits - 1))[:, :, 0]
        out.add(f"palette, {bits} bits", bmp(bmp_rows(indices, bits), bits, palette=quads[:4 * 2**bits]))
        out.add(f"palette, {bits} bits, top first",
                bmp(bmp_rows(indices, bits, True), bits, -H, palette=quads[:4 * 2**bits]))
        out.add(f"palette, {bits} bits, OS/2", bmp(bmp_rows(indices, bits), bits, info=12, palette=triples[:3 * 2**bits]))
    indices = noise(1, 15)[:, :, 0]
    out.add("runs of 8 bits", bmp(runs8(indices), 8, compression=1, palette=quads))
    indices = indices.copy()
    indices[:, 1:3] = indices[:, :1]
    colors = np.array(PALETTE, np.uint16).reshape(-1, 3)
    out.add("runs of 4 bits", bmp(runs4(indices), 4, compression=2, palette=quads), colors[indices])
    holes = np.zeros((H, W), np.uint16)
    holes[H - 1, 2:6] = 9  # right 2, a run of 4; right 1 and up 3, a run of 5
    holes[H - 4, 7:12] = [1, 1, 1, 1, 1]
    jumps = bytes((0, 2, 2, 0, 4, 9, 0, 2, 1, 3, 5, 1, 0, 1))
    out.add("jumps over pixels", bmp(jumps, 8, compression=1, palette=quads), colors[holes])
    b, g, r = (RGB[:, :, 2 - c].astype(np.uint32) for c in range(3))
    out.add("24 bits, top first", bmp(words(r << 16 | g << 8 | b, 3, True), 24, -H))
    out.add("24 bits, OS/2", bmp(words(r << 16 | g << 8 | b, 3), 24, info=12))
    out.add("32 bits", bmp(words(0x55000000 | r << 16 | g << 8 | b, 4), 32))
    five = r >> 3 << 10 | g >> 3 << 5 | b >> 3
    six = r >> 3 << 11 | g >> 2 << 5 | b >> 3
    out.add("16 bits", bmp(words(five, 2), 16))
    out.add("16 bits, masks", bmp(words(six, 2), 16, compression=3, masks=struct.pack("<III", 0xf800, 0x7e0, 0x1f)))
    alpha = RGBA[:, :, 3].astype(np.uint32)
    masks = struct.pack("<IIII", 0xff, 0xff00, 0xff0000, 0xff000000)
    rgba = np.concatenate([RGB, RGBA[:, :, 3:]], axis=2)
    for info in (56, 108, 124):
        out.add(f"32 bits with alpha, header of {info}",
                bmp(words(alpha << 24 | b << 16 | g << 8 | r, 4), 32, compression=3, masks=masks, info=info), rgba)
    ten = struct.pack("<III", 0x3ff00000, 0xffc00, 0x3ff)
    deep = noise(3, 1023).astype(np.uint32)
    out.add("32 bits, ten each", bmp(words(deep[:, :, 0] << 20 | deep[:, :, 1] << 10 | deep[:, :, 2], 4), 32, compression=3, masks=ten),
            (deep * 255 // 1023).astype(np.uint16))
    return out


def make_alpha(folder):
    """Every color over every alpha, on a color: Pillow's alpha_composite of 256x256 pixels, as their CRC; and one picture."""
    out = Header("alpha")
    for name, color in (("white", (255, 255, 255)), ("color", (200, 100, 7))):
        picture = image(RGBA)
        result = Image.alpha_composite(Image.new("RGBA", picture.size, color + (255,)), picture).convert("RGB")
        out.arrays.append(f"#define over_{name} {out.array(np.asarray(result).ravel(), 'uint8_t')}")
    every = np.zeros((256, 256, 4), np.uint8)
    every[:, :, :3] = np.arange(256)[:, None, None]
    every[:, :, 3] = np.arange(256)
    result = Image.alpha_composite(Image.new("RGBA", (256, 256), (200, 100, 7, 255)), Image.fromarray(every)).convert("RGB")
    out.arrays.append(f"enum {{ EVERY_CRC = {zlib.crc32(result.tobytes()) >> 1} }}; /* halved, to fit an int */")
    with open(f"{folder}/alpha_fixtures.h", "w") as file:
        print(f"/* Made by make_picture_fixtures.py with Pillow {__version__}. */", file=file)
        print("/* clang-format off */", file=file)
        print("\n".join(out.arrays), file=file)


make_alpha(sys.argv[1])
for made in (make_png(), make_pnm(), make_webp(), make_tiff(), make_bmp()):
    made.write(sys.argv[1])
