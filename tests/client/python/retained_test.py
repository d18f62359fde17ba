"""Digest first: what is sent of a picture that the server retains, or does not any more."""
import asyncio
import random
import struct
import zlib

import lqvg
import lqvg.aio
from lqvg.retained import LEAST_BYTES
from server_process import PATIENCE_SECONDS

CACHES = ("--image-cache-bytes=512MiB", "--text-cache-bytes=64MiB", "--response-cache-bytes=64MiB")


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
    """What each Ground from now on carries: "encoded" or "digest"."""
    sent, ground = [], client._stub.Ground

    def recording(request, **options):
        sent.append(request.image.WhichOneof("source"))
        return ground(request, **options)

    client._stub.Ground = recording
    return sent


def ask(client, picture, **options):
    return client.ground(picture, "the red ship", timeout=PATIENCE_SECONDS, **options).results


def test_a_large_picture_that_is_retained_is_not_sent_again(start_fake):
    with lqvg.Client(start_fake(*CACHES).address) as client:
        sent = record(client)
        first = ask(client, LARGE)
        assert ask(client, LARGE) == first
        assert sent == ["encoded", "digest"]
        ask(client, LARGE, apply_exif_orientation=True)
        assert sent[2:] == ["encoded"], "turned, it is another picture"


def test_small_pictures_are_always_sent(start_fake):
    with lqvg.Client(start_fake(*CACHES).address) as client:
        sent = record(client)
        assert ask(client, SMALL) == ask(client, SMALL)
        assert sent == ["encoded", "encoded"]


def test_nothing_is_tried_where_nothing_is_retained(start_fake):
    with lqvg.Client(start_fake().address) as client:
        sent = record(client)
        ask(client, LARGE)
        ask(client, LARGE)
        assert sent == ["encoded", "encoded"]


def test_the_bytes_are_sent_once_when_the_server_has_let_go_of_it(start_fake):
    room_for_one = ("--image-cache-bytes=800", *CACHES[1:])
    with lqvg.Client(start_fake(*room_for_one).address) as client:
        sent = record(client)
        first = ask(client, LARGE)
        ask(client, OTHER)
        assert ask(client, LARGE) == first
        assert sent == ["encoded", "encoded", "digest", "encoded"]


def test_the_asynchronous_client_does_the_same(start_fake):
    async def run(address):
        async with lqvg.aio.Client(address) as client:
            sent = record(client)
            answers = [await client.ground(picture, "the red ship", timeout=PATIENCE_SECONDS)
                       for picture in (LARGE, LARGE, OTHER, LARGE)]
            assert answers[0].results == answers[1].results == answers[3].results
            return sent

    server = start_fake("--image-cache-bytes=800", *CACHES[1:])
    assert asyncio.run(run(server.address)) == ["encoded", "digest", "encoded", "digest", "encoded"]
