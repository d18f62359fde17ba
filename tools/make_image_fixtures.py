#!/usr/bin/env python3
"""Makes the pictures of tests/image/fixtures and, by Pillow, the pixels that our decoders must give for them.

Pillow's Image.open(f).convert("RGB") is what the official preprocessing reads pictures with, so it is the oracle.
What Pillow cannot write (interlaced PNG, tiled or planar TIFF, ...) is written here byte by byte.

Usage: make_image_fixtures.py DIRECTORY      (needs Pillow only; output depends on nothing but Pillow's version)
"""

import io
import json
import pathlib
import random
import struct
import sys
import zlib

from PIL import Image, ImageOps

WIDTH, HEIGHT = 61, 43  # no multiple of 8 or 16, so that every format has partial blocks
ORIENTATION_TAG = 274


def base_picture(mode):
    """A smooth gradient under noise: compresses badly enough to use all of a codec."""
    rng = random.Random(len(mode))
    bands = len(Image.new(mode, (1, 1)).getbands())
    pixels = bytearray()
    for y in range(HEIGHT):
        for x in range(WIDTH):
            for band in range(bands):
                pixels.append((x * 4 * (band + 1) + y * 5 + rng.randrange(40)) % 256)
    return Image.frombytes(mode, (WIDTH, HEIGHT), bytes(pixels))


def saved(image, file_format, **options):
    out = io.BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


def exif_block(orientation, order="<"):
    head = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", ORIENTATION_TAG, 3, 1, orientation, 0)
    return head + struct.pack(order + "IH", 8, 1) + entry + struct.pack(order + "I", 0)


# --- PNG ---------------------------------------------------------------------------------------------------------

PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def packed(samples, bits):
    """Samples as bytes, the first one in the highest bits, the row padded to a whole byte."""
    if bits == 8:
        return bytes(samples)
    value = 0
    for sample in samples:
        value = value << bits | sample
    padding = -len(samples) * bits % 8
    return (value << padding).to_bytes((len(samples) * bits + padding) // 8, "big")


def png(bits, colour_type, interlaced=False, before_data=b"", width=WIDTH, height=HEIGHT):
    rng = random.Random(bits * 10 + colour_type)
    channels = PNG_CHANNELS[colour_type]
    rows = [[[rng.randrange(1 << bits) for _ in range(channels)] for _ in range(width)] for _ in range(height)]
    data = b""
    for x0, y0, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        for row in rows[y0::dy]:
            samples = [sample for pixel in row[x0::dx] for sample in pixel]
            if samples:
                data += b"\0" + packed(samples, bits)
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + before_data + png_chunk(b"IDAT", zlib.compress(data)) +
            png_chunk(b"IEND", b""))


def palette(bits):
    rng = random.Random(bits)
    return png_chunk(b"PLTE", bytes(rng.randrange(256) for _ in range(3 << bits)))


def png_files():
    for bits in (1, 2, 4, 8):
        yield f"grey{bits}", png(bits, 0)
        yield f"palette{bits}", png(bits, 3, before_data=palette(bits))
    yield "grey_interlaced1", png(1, 0, interlaced=True)
    yield "palette_interlaced4", png(4, 3, interlaced=True, before_data=palette(4))
    yield "rgb_interlaced", png(8, 2, interlaced=True)
    yield "rgba_interlaced", png(8, 6, interlaced=True)
    for mode in ("RGB", "RGBA", "LA"):
        yield mode.lower() + "_filtered", saved(base_picture(mode), "PNG")
    yield "grey_transparent", png(8, 0, before_data=png_chunk(b"tRNS", b"\0\x40"))
    yield "rgb_transparent", png(8, 2, before_data=png_chunk(b"tRNS", b"\0\x40\0\x41\0\x42"))
    yield "palette_transparent", png(8, 3, before_data=palette(8) + png_chunk(b"tRNS", bytes(range(200))))
    yield "remarks", png(8, 2, before_data=png_chunk(b"gAMA", struct.pack(">I", 45455)) +
                         png_chunk(b"iCCP", b"made up\0\0" + zlib.compress(b"no profile")) +
                         png_chunk(b"tEXt", b"Comment\0gradient and noise"))
    for orientation in (3, 6):
        yield f"orientation{orientation}", png(8, 2, before_data=png_chunk(b"eXIf", exif_block(orientation, ">")))


# --- JPEG --------------------------------------------------------------------------------------------------------

def adobe_segment(data):
    """Where the Adobe segment (APP14) lies: its marker's offset and the offset after it."""
    start = data.index(b"\xff\xee")
    return start, start + 2 + struct.unpack(">H", data[start + 2:start + 4])[0]


def jpeg_files():
    rgb, grey, cmyk = base_picture("RGB"), base_picture("L"), base_picture("CMYK")
    yield "grey", saved(grey, "JPEG", quality=90)
    for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
        yield f"rgb{name}", saved(rgb, "JPEG", quality=90, subsampling=subsampling)
    yield "rgb_rough", saved(rgb, "JPEG", quality=5)
    yield "rgb_stored", saved(rgb, "JPEG", quality=90, keep_rgb=True)
    yield "rgb_restarts", saved(rgb, "JPEG", quality=90, restart_marker_rows=1)
    yield "grey_progressive", saved(grey, "JPEG", quality=85, progressive=True)
    yield "rgb_progressive", saved(rgb, "JPEG", quality=85, progressive=True)
    adobe = saved(cmyk, "JPEG", quality=90)
    start, end = adobe_segment(adobe)
    yield "cmyk_adobe", adobe
    yield "cmyk_plain", adobe[:start] + adobe[end:]
    yield "ycck", adobe[:end - 1] + b"\x02" + adobe[end:]  # the last byte says how the inks were transformed
    for orientation in range(1, 9):
        block = exif_block(orientation, "<>"[orientation % 2])
        yield f"orientation{orientation}", saved(rgb, "JPEG", quality=60, exif=b"Exif\0\0" + block)


# --- TIFF --------------------------------------------------------------------------------------------------------

def tiff(blocks, tags, order="<", big=False):
    """A TIFF file of ready blocks (encoded strips or tiles). `tags`: {number: value or list}, the block tags aside."""
    tiled = 322 in tags
    head_bytes, offset_format, inline_bytes = (16, "Q", 8) if big else (8, "I", 4)
    offsets, body = [], b""
    for block in blocks:
        offsets.append(head_bytes + len(body))
        body += block + b"\0" * (len(block) % 2)
    tags = dict(tags)
    tags[324 if tiled else 273] = offsets
    tags[325 if tiled else 279] = [len(block) for block in blocks]
    entries = b""
    for tag in sorted(tags):
        values = tags[tag] if isinstance(tags[tag], list) else [tags[tag]]
        kind, code = (4, "I") if tag in (273, 279, 324, 325) else (3, "H")
        data = struct.pack(order + code * len(values), *values)
        if len(data) > inline_bytes:
            where = head_bytes + len(body)
            body += data + b"\0" * (len(data) % 2)
            data = struct.pack(order + offset_format, where)
        entries += struct.pack(order + "HH" + offset_format, tag, kind, len(values)) + data.ljust(inline_bytes, b"\0")
    directory = (struct.pack(order + ("Q" if big else "H"), len(tags)) + entries + b"\0" * inline_bytes)
    first = head_bytes + len(body)
    mark = b"II" if order == "<" else b"MM"
    head = struct.pack(order + "HHHQ", 43, 8, 0, first) if big else struct.pack(order + "HI", 42, first)
    return mark + head + body + directory


def tiff_samples(bits, samples, block_width, block_height, width, height, separate):
    """Random samples cut into blocks: lists of rows, in the order of the file."""
    rng = random.Random(bits * 100 + samples)
    rows = [[[rng.randrange(1 << bits) for _ in range(samples)] for _ in range(width)] for _ in range(height)]
    for plane in range(samples) if separate else [None]:
        for top in range(0, height, block_height):
            for left in range(0, width, block_width):
                yield plane, [row[left:left + block_width] for row in rows[top:top + block_height]]


def raw_tiff(photometric, bits=8, samples=1, extra=None, separate=False, tile=None, rows_per_strip=10, deflate=False,
             fill_order=1, order="<", big=False, **more):
    tags = {256: WIDTH, 257: HEIGHT, 258: [bits] * samples, 259: 8 if deflate else 1, 262: photometric, 277: samples}
    tags.update({int(key[3:]): value for key, value in more.items()})
    if extra is not None:
        tags[338] = extra
    if separate:
        tags[284] = 2
    if fill_order == 2:
        tags[266] = 2
    if photometric == 3:
        rng = random.Random(bits)
        tags[320] = [rng.randrange(65536) for _ in range(3 << bits)]
    block_width, block_height = tile or (WIDTH, rows_per_strip)
    tags.update({322: block_width, 323: block_height} if tile else {278: rows_per_strip})
    blocks = []
    for plane, rows in tiff_samples(bits, samples, block_width, block_height, WIDTH, HEIGHT, separate):
        data = b""
        for row in rows:
            if tile:
                row = row + [[0] * samples] * (block_width - len(row))
            data += packed([s for pixel in row for s in (pixel if plane is None else [pixel[plane]])], bits)
        if tile:
            data = data.ljust(len(data) // len(rows) * block_height, b"\0")
        if deflate:
            data = zlib.compress(data)
        if fill_order == 2:
            data = bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)
        blocks.append(data)
    return tiff(blocks, tags, order, big)


def jpeg_tiled_tiff():
    picture = base_picture("RGB").crop((0, 0, 64, 48))
    blocks = [saved(picture.crop((x, y, x + 32, y + 16)), "JPEG", quality=90, subsampling=2)
              for y in range(0, 48, 16) for x in range(0, 64, 32)]
    tags = {256: WIDTH, 257: HEIGHT, 258: [8, 8, 8], 259: 7, 262: 6, 277: 3, 322: 32, 323: 16, 530: [2, 2]}
    return tiff(blocks, tags)


def tiff_files():
    for bits in (1, 2, 4, 8):
        yield f"black_is_zero{bits}", raw_tiff(1, bits)
        yield f"white_is_zero{bits}", raw_tiff(0, bits, order=">")
        yield f"palette{bits}", raw_tiff(3, bits, deflate=True)
    yield "grey_fill_order", raw_tiff(1, 8, fill_order=2)
    yield "grey1_fill_order", raw_tiff(1, 1, fill_order=2)
    yield "grey_alpha", raw_tiff(1, samples=2, extra=2)
    yield "grey_extra", raw_tiff(1, samples=2, extra=0)
    yield "rgb", raw_tiff(2, samples=3)
    yield "rgb_big_endian", raw_tiff(2, samples=3, order=">", deflate=True)
    yield "rgb_bigtiff", raw_tiff(2, samples=3, big=True)
    yield "rgb_bigtiff_big_endian", raw_tiff(2, samples=3, order=">", big=True, deflate=True, tile=(32, 16))
    yield "rgb_planar", raw_tiff(2, samples=3, separate=True)
    yield "rgb_planar_tiled", raw_tiff(2, samples=3, separate=True, tile=(16, 32), deflate=True)
    yield "rgb_tiled", raw_tiff(2, samples=3, tile=(32, 16), order=">")
    yield "palette_tiled4", raw_tiff(3, 4, tile=(16, 16))
    yield "rgb_infrared", raw_tiff(2, samples=4, extra=0)
    yield "rgb_infrared_planar", raw_tiff(2, samples=4, extra=0, separate=True, deflate=True)
    yield "rgba_undeclared", raw_tiff(2, samples=4)
    yield "rgba_associated", raw_tiff(2, samples=4, extra=1)
    yield "rgba_associated_planar", raw_tiff(2, samples=4, extra=1, separate=True, deflate=True)
    yield "rgba_unassociated", raw_tiff(2, samples=4, extra=2)
    yield "cmyk", raw_tiff(5, samples=4)
    yield "cmyk_planar", raw_tiff(5, samples=4, separate=True, deflate=True)
    yield "one_bits_value", raw_tiff(2, samples=3, tag258=8)
    yield "private_tags", raw_tiff(2, samples=3, tag33550=[1, 1, 0], tag42112=[65, 66])
    rgb, cmyk = base_picture("RGB"), base_picture("CMYK")
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        yield f"rgb_{compression}", saved(rgb, "TIFF", compression=compression)
    yield "rgb_lzw_predictor", saved(rgb, "TIFF", compression="tiff_lzw", tiffinfo={317: 2})
    yield "rgb_deflate_predictor", saved(rgb, "TIFF", compression="tiff_adobe_deflate", tiffinfo={317: 2})
    yield "grey_jpeg", saved(base_picture("L"), "TIFF", compression="jpeg")
    yield "cmyk_jpeg", saved(cmyk, "TIFF", compression="jpeg")
    yield "ycbcr_jpeg_tiled", jpeg_tiled_tiff()
    for orientation in range(1, 9):
        yield f"orientation{orientation}", raw_tiff(2, samples=3, tag274=orientation)


# --- expectations ------------------------------------------------------------------------------------------------

def readable(name, data):
    """What Pillow can read: it mistakes big-endian BigTIFF, so the same picture in its other byte order stands in."""
    return raw_tiff(2, samples=3, big=True, tile=(32, 16)) if name == "rgb_bigtiff_big_endian" else data


def stored_pixels(data):
    """The picture as the file stores it. Pillow turns TIFF pictures upright as it loads them; that is undone."""
    image = Image.open(io.BytesIO(data))
    if image.format == "TIFF" and image.tag_v2.get(ORIENTATION_TAG, 1) != 1:
        entry = data.index(struct.pack("<HHI", ORIENTATION_TAG, 3, 1)) + 8
        return stored_pixels(data[:entry] + b"\1\0" + data[entry + 2:])
    return image.convert("RGB")


def upright_pixels(data):
    return ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")


def described(image):
    return {"width": image.width, "height": image.height, "crc32": zlib.crc32(image.tobytes())}


def main():
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    expectations = []
    for suffix, files in (("png", png_files()), ("jpg", jpeg_files()), ("tif", tiff_files())):
        for name, data in files:
            file_name = f"{name}.{suffix}"
            (directory / file_name).write_bytes(data)
            data = readable(name, data)
            expectations.append({"file": file_name, "stored": described(stored_pixels(data)),
                                 "upright": described(upright_pixels(data)),
                                 "alpha": any(word in name for word in ("alpha", "rgba", "transparent", "la_")),
                                 "cmyk": any(word in name for word in ("cmyk", "ycck")),
                                 "orientation": int(name[-1]) if name.startswith("orientation") else 1})
    lines = ",\n".join(" " + json.dumps(expectation) for expectation in expectations)
    (directory / "expectations.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
