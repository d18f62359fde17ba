"""Digest first: a picture that the server has said it retains is named by its SHA-256 instead of sent once more."""
from __future__ import annotations

import collections
import hashlib
import threading
from typing import Optional, Tuple

from lqvg.v1 import grounding_pb2 as v1

LEAST_BYTES = 64 * 1024  # of a picture for which a digest that may fail is worth the try
LEAST_SECONDS = 0.001   # for the bytes, when asking by digest took all the time that there was
_MAX_PICTURES = 4096
_Key = Tuple[bytes, bool]  # SHA-256, and whether EXIF turns the picture


class Retained:
    """The pictures that the server of one channel has said it retains, the last of them. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: collections.OrderedDict[_Key, None] = collections.OrderedDict()

    def by_digest(self, request: v1.GroundRequest) -> Optional[v1.GroundRequest]:
        """`request` with its picture's digest instead of the bytes; None: the bytes are to be sent."""
        if not self._keys or not is_large(request):
            return None
        key = (hashlib.sha256(request.image.encoded).digest(), request.image.apply_exif_orientation)
        if key not in self._keys:
            return None
        short = v1.GroundRequest()
        short.CopyFrom(request)
        short.image.digest = key[0]
        return short

    def add(self, response: v1.GroundResponse, *, turned: bool) -> None:
        """Notes what the answer to a request with the bytes of a large picture says. `turned`: as EXIF says."""
        if not response.image_retained:
            return
        with self._lock:
            self._keys[response.image_digest, turned] = None
            if len(self._keys) > _MAX_PICTURES:
                self._keys.popitem(last=False)

    def forget(self, short: v1.GroundRequest) -> None:
        """To be called when a request by digest was answered IMAGE_NOT_CACHED."""
        with self._lock:
            self._keys.pop((short.image.digest, short.image.apply_exif_orientation), None)


def is_large(request: v1.GroundRequest) -> bool:
    """Whether it has the bytes of a picture that is worth a try by its digest."""
    return len(request.image.encoded) > LEAST_BYTES
