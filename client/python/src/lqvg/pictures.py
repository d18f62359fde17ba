"""What counts as a picture, and how it becomes the contract's message.

Files and bytes go to the server as they are. Pixels, of numpy or Pillow, go as raw RGB: exactly those that the caller
holds, three bytes each, so that a picture of more than 5.5 million pixels exceeds a server's default limit of 16 MiB.
"""
from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, List, Tuple, Union

from lqvg.errors import ResourceExhausted
from lqvg.v1 import grounding_pb2 as v1

if TYPE_CHECKING:
    import numpy
    import PIL.Image

    Picture = Union[str, os.PathLike[str], bytes, bytearray, memoryview, BinaryIO, numpy.ndarray[Any, Any],
                    PIL.Image.Image]
else:
    Picture = Any  # neither numpy nor Pillow need be there

# The most that any server can be configured to take in one request, bytes.
MAX_REQUEST_BYTES = 64 << 20

# Modes whose values are not 8 bits: a conversion would clip them, where the server refuses such files.
_DEEP_MODES = ("I", "F")


def to_message(picture: Picture, apply_exif_orientation: bool) -> v1.Image:
    """The message of a picture.

    OSError: a file cannot be read. TypeError, ValueError: not a picture, or pixels of another layout than described at
    Client.ground. ResourceExhausted: more bytes than any server takes.
    """
    if is_array(picture) or is_pil_image(picture):
        if apply_exif_orientation:
            raise ValueError("apply_exif_orientation is for files and bytes: pixels have no orientation tag "
                             "(PIL.ImageOps.exif_transpose turns a PIL.Image)")
        return v1.Image(raw=_raw_image(picture))
    return v1.Image(encoded=read_encoded(picture), apply_exif_orientation=apply_exif_orientation)


def read_encoded(picture: Any) -> bytes:
    """The bytes of a picture that is a path, bytes, or a file. Errors as to_message."""
    if isinstance(picture, (str, os.PathLike)):
        with open(picture, "rb") as file:
            return _read_whole(file)
    if isinstance(picture, (bytes, bytearray, memoryview)):
        if memoryview(picture).nbytes > MAX_REQUEST_BYTES:
            raise _too_large(memoryview(picture).nbytes)
        return bytes(picture)
    if callable(getattr(picture, "read", None)):
        return _read_whole(picture)
    raise TypeError("a picture is a path, bytes, a binary file, a numpy.ndarray or a PIL.Image.Image, "
                    f"not {type(picture).__module__}.{type(picture).__qualname__}")


def _read_whole(file: BinaryIO) -> bytes:
    # Not read() alone: a file without end must not fill the memory. An unbuffered one may give less than asked.
    parts: List[bytes] = []
    left = MAX_REQUEST_BYTES + 1
    while left > 0:
        part = file.read(left)
        if not isinstance(part, bytes):
            raise TypeError(f"the file's read() gave {type(part).__qualname__}, not bytes: open it in binary mode")
        if not part:
            return b"".join(parts)
        parts.append(part)
        left -= len(part)
    raise _too_large(f"more than {MAX_REQUEST_BYTES}")


def is_array(picture: object) -> bool:
    """Whether it is a numpy.ndarray; numpy is not imported for that."""
    return _is_instance(picture, "numpy", "ndarray")


def is_pil_image(picture: object) -> bool:
    """Whether it is a PIL.Image.Image; Pillow is not imported for that."""
    return _is_instance(picture, "PIL.Image", "Image")


def size_of(pixels: Any) -> Tuple[int, int]:
    """(width, height) of an array or PIL image. TypeError, ValueError: a layout that Client.ground does not take."""
    if is_pil_image(pixels):
        if pixels.mode.startswith(_DEEP_MODES):
            raise ValueError(f"the image's mode is {pixels.mode}; 8 bits a channel are needed")
        width, height = pixels.size
        return width, height
    if pixels.dtype.name != "uint8":
        raise TypeError(f"the array's dtype is {pixels.dtype}; uint8 is needed")
    if pixels.ndim != 2 and (pixels.ndim != 3 or pixels.shape[2] != 3):
        raise ValueError(f"the array's shape is {pixels.shape}; (height, width, 3) or (height, width) is needed")
    height, width = pixels.shape[:2]
    return width, height


def rgb_bytes(pixels: Any) -> bytes:
    """The pixels of an array or PIL image whose layout size_of has checked: [H, W, 3], rows from the top."""
    if is_pil_image(pixels):
        return bytes(pixels.convert("RGB").tobytes())
    return bytes((pixels if pixels.ndim == 3 else pixels[:, :, None].repeat(3, axis=2)).tobytes())


def _is_instance(picture: object, module: str, name: str) -> bool:
    # Nobody can hold an instance of a class of a module that was never imported.
    cls = getattr(sys.modules.get(module), name, None)
    return cls is not None and isinstance(picture, cls)


def _raw_image(pixels: Any) -> v1.RawImage:
    width, height = size_of(pixels)
    if width * height * 3 > MAX_REQUEST_BYTES:
        raise _too_large(width * height * 3)
    return v1.RawImage(data=rgb_bytes(pixels), width=width, height=height, format=v1.PIXEL_FORMAT_RGB8)


def _too_large(size: object) -> ResourceExhausted:
    return ResourceExhausted(f"the picture has {size} bytes; no server takes more than {MAX_REQUEST_BYTES}")
