"""Digest first: what is sent of a picture that the server retains, or does not any more."""
import asyncio

import lqvg
import lqvg.aio
from digest_first import CACHES, LARGE, OTHER, ROOM_FOR_ONE, SMALL, record
from server_process import PATIENCE_SECONDS


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
    with lqvg.Client(start_fake(*ROOM_FOR_ONE).address) as client:
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

    server = start_fake(*ROOM_FOR_ONE)
    assert asyncio.run(run(server.address)) == ["encoded", "digest", "encoded", "digest", "encoded"]
