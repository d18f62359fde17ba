"""What the tests of pictures named by their digest share: pictures, caches of servers, what a client sends."""
import random
import struct
import zlib

from lqvg.retained import LEAST_BYTES

CACHES = ("--image-cache-bytes=512MiB", "--text-cache-bytes=64MiB", "--response-cache-bytes=64MiB")
ROOM_FOR_ONE = ("--image-cache-bytes=800",)  # and no other caches


def make_png(seed, side):
    """Noise, which does not compress."""
    draw = random.Random(seed)
    rows = b"".join(b"\0" + draw.randbytes(3 * side) for _ in range(side))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


LARGE, OTHER, SMALL = make_png(1, 200), make_png(2, 200), make_png(3, 64)
assert len(LARGE) > LEAST_BYTES > len(SMALL)


def record(client):
    """What each Ground, and each message of a GroundStream, carries from now on: "encoded" or "digest"."""
    sent, ground, ground_stream = [], client._stub.Ground, client._stub.GroundStream

    def note(request):
        sent.append(request.image.WhichOneof("source"))

    def noted(messages):
        for message in messages:
            note(message.request)
            yield message

    async def noted_async(messages):
        async for message in messages:
            note(message.request)
            yield message

    def recording(request, **options):
        note(request)
        return ground(request, **options)

    def recording_stream(messages, **options):
        return ground_stream((noted_async if hasattr(messages, "__aiter__") else noted)(messages), **options)

    client._stub.Ground, client._stub.GroundStream = recording, recording_stream
    return sent
