"""ground_stream, blocking and asyncio, against the real server around the fake model."""
import asyncio
import threading

import pytest

import lqvg
import lqvg.aio
from server_process import await_true

EXPRESSION = "the red ship"


def take_blocking(address, items, **options):
    with lqvg.Client(address, timeout=60) as client:
        return list(client.ground_stream(items, **options))


def take_asyncio(address, items, **options):

    async def take():
        async with lqvg.aio.Client(address, timeout=60) as client:
            return [outcome async for outcome in client.ground_stream(items, **options)]

    return asyncio.run(take())


@pytest.fixture(params=[take_blocking, take_asyncio])
def take(request):
    """take(address, items, **options): all outcomes, by one client or the other."""
    return request.param


def in_order(outcomes):
    return sorted(outcomes, key=lambda outcome: outcome.index)


def test_each_item_has_one_outcome_that_is_grounds(take, start_fake, scene):
    server = start_fake()
    expressions = ["x" * (1 + i % 7) for i in range(60)]
    outcomes = in_order(take(server.address, (lqvg.Item(scene, each) for each in expressions)))
    assert [outcome.index for outcome in outcomes] == list(range(60))
    with lqvg.Client(server.address, timeout=60) as client:
        for outcome in outcomes[:7]:
            expected = client.ground(scene, expressions[outcome.index])
            assert outcome.grounding.results == expected.results
            assert (outcome.error, outcome.grounding.path) == (None, str(scene))
            assert outcome.request_id == outcome.grounding.request_id


def test_an_item_that_fails_is_its_own_error(take, start_fake, scene):
    items = [lqvg.Item(scene, EXPRESSION), lqvg.Item(scene, " ", request_id="mine"), lqvg.Item(scene, EXPRESSION)]
    outcomes = in_order(take(start_fake().address, items))
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    error = outcomes[1].error
    assert isinstance(error, lqvg.InvalidArgument)
    assert (error.reason, error.request_id, error.violations[0].field) == ("EXPRESSION_EMPTY", "mine", "expressions[0]")


def test_a_picture_that_cannot_be_read_is_raised_when_those_before_are_answered(start_fake, scene):
    server = start_fake()
    items = [lqvg.Item(scene, EXPRESSION), lqvg.Item("nowhere.png", EXPRESSION), lqvg.Item(scene, EXPRESSION)]
    with lqvg.Client(server.address, timeout=60) as client:
        stream = client.ground_stream(items)
        assert next(stream).index == 0
        with pytest.raises(FileNotFoundError):
            next(stream)

    async def ask():
        async with lqvg.aio.Client(server.address, timeout=60) as client:
            return [outcome async for outcome in client.ground_stream(items)]

    with pytest.raises(FileNotFoundError):
        asyncio.run(ask())


def test_items_may_come_asynchronously(start_fake, scene):

    async def items():
        for _ in range(3):
            await asyncio.sleep(0)
            yield lqvg.Item(scene, EXPRESSION)

    assert len(take_asyncio(start_fake().address, items())) == 3


def test_an_item_has_the_clients_timeout_or_its_own(start_fake, scene):
    server = start_fake()
    server.batch_gate.close()
    with lqvg.Client(server.address, timeout=0.2) as client:
        (outcome,) = client.ground_stream([lqvg.Item(scene, EXPRESSION)])
        assert isinstance(outcome.error, lqvg.DeadlineExceeded)
    with lqvg.Client(server.address, timeout=60) as client:
        (outcome,) = client.ground_stream([lqvg.Item(scene, EXPRESSION, timeout=0.2)])
        assert isinstance(outcome.error, lqvg.DeadlineExceeded)


def test_a_stream_has_its_own_timeout(take, start_fake, scene):
    server = start_fake()
    server.batch_gate.close()
    never = threading.Event()

    def items():
        yield lqvg.Item(scene, EXPRESSION)
        never.wait(1)

    with pytest.raises(lqvg.DeadlineExceeded):
        take(server.address, items(), timeout=0.3)


def test_a_stream_that_the_server_ends_is_unavailable_with_the_reason(start_fake, scene):
    ended = threading.Event()

    def items():
        yield lqvg.Item(scene, EXPRESSION)
        ended.wait(60)

    with lqvg.Client(start_fake("--max-stream-age=1s").address) as client:
        stream = client.ground_stream(items())
        assert next(stream).error is None
        with pytest.raises(lqvg.Unavailable) as caught:
            next(stream)
        ended.set()
    assert caught.value.reason == "STREAM_AGED"


def test_closing_the_iterator_ends_the_stream_in_the_server(start_fake, scene):
    server = start_fake()
    held, ended = threading.Event(), threading.Event()

    def items():
        yield lqvg.Item(scene, EXPRESSION)
        held.wait(60)
        yield lqvg.Item(scene, EXPRESSION)
        ended.wait(60)

    with lqvg.Client(server.address, timeout=60) as client:
        stream = client.ground_stream(items())
        assert next(stream).index == 0
        server.batch_gate.close()
        held.set()
        await_true(lambda: "lqvg_inflight_requests 1" in server.metrics(), "the second item is in")
        stream.close()
        ended.set()
        both = 'lqvg_requests_total{code="CANCELLED",method="GroundStream",reason="CLIENT_CANCELLED"} 2'
        await_true(lambda: both in server.metrics(), "the item and the stream are cancelled")
