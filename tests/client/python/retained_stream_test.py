"""Digest first in streams. A test's steps are written for lqvg.aio.Client; `use` runs them with either client."""
import asyncio
import hashlib
import threading
import types

import grpc
import pytest

import lqvg
import lqvg.aio
import lqvg.stream
from digest_first import CACHES, LARGE, OTHER, ROOM_FOR_ONE, SMALL, record
from server_process import PATIENCE_SECONDS, await_true

READ_AT_ONCE = 16  # items of a stream


class Blocking:
    """lqvg.Client with the face of lqvg.aio.Client."""

    def __init__(self, client):
        self._client = client
        self._stub = client._stub

    async def ground(self, *arguments, **options):
        return await asyncio.to_thread(self._client.ground, *arguments, **options)

    async def ground_stream(self, items, **options):
        stream, over = self._client.ground_stream(items, **options), object()
        try:
            while (outcome := await asyncio.to_thread(next, stream, over)) is not over:
                yield outcome
        finally:
            stream.close()


@pytest.fixture(params=["blocking", "asyncio"])
def use(request):
    """use(address, steps): the result of the coroutine function `steps`, which is given a client."""

    async def run(address, steps):
        if request.param == "asyncio":
            async with lqvg.aio.Client(address, timeout=PATIENCE_SECONDS) as client:
                return await steps(client)
        with lqvg.Client(address, timeout=PATIENCE_SECONDS) as client:
            return await steps(Blocking(client))

    return lambda address, steps: asyncio.run(run(address, steps))


async def collect(client, items):
    return [outcome async for outcome in client.ground_stream(items)]


async def await_idle():
    """Returns when no other task and no thread that takes items is left."""
    for _ in range(100 * PATIENCE_SECONDS):
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        threads = [thread for thread in threading.enumerate() if thread.name == "lqvg-stream-items"]
        if not tasks and not threads:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"left: {tasks}, {threads}")


def test_streams_and_calls_share_what_is_known_to_be_retained(use, start_fake):

    async def steps(client):
        sent = record(client)
        first = await client.ground(LARGE, "the red ship")
        (second,) = await collect(client, [lqvg.Item(LARGE, "the red ship")])
        third, small, turned = sorted(
            await collect(client, [lqvg.Item(OTHER, "the red ship"), lqvg.Item(SMALL, "the red ship"),
                                   lqvg.Item(LARGE, "the red ship", apply_exif_orientation=True)]),
            key=lambda outcome: outcome.index)
        fourth = await client.ground(OTHER, "the red ship")
        await client.ground(OTHER, "the red ship", apply_exif_orientation=True)
        await client.ground(LARGE, "the red ship", apply_exif_orientation=True)
        assert first.results == second.grounding.results
        assert fourth.results == third.grounding.results
        assert small.error is None and turned.error is None
        return sent

    sent = use(start_fake(*CACHES).address, steps)
    assert sent == ["encoded", "digest", *3 * ["encoded"], "digest", "encoded", "digest"]


def test_an_item_is_sent_again_with_its_bytes_when_the_server_has_let_go_of_them(use, start_fake):

    async def steps(client):
        sent = record(client)
        first = await client.ground(LARGE, "the red ship")
        await client.ground(OTHER, "the red ship")
        (outcome,) = await collect(client, [lqvg.Item(LARGE, "the red ship", request_id="mine")])
        assert (outcome.index, outcome.request_id, outcome.error) == (0, "mine", None)
        assert outcome.grounding.results == first.results
        (again,) = await collect(client, [lqvg.Item(LARGE, "the red ship")])
        assert again.grounding.results == first.results
        return sent

    sent = use(start_fake(*ROOM_FOR_ONE).address, steps)
    assert sent == ["encoded", "encoded", "digest", "encoded", "digest"], "retained once more in the end"


def test_each_item_has_one_outcome_when_many_are_sent_again(use, start_fake):
    pictures = [LARGE, OTHER, SMALL]

    async def steps(client):
        expected = [(await client.ground(picture, "the red ship")).results for picture in pictures]
        sent = record(client)
        outcomes = await collect(client, (lqvg.Item(pictures[i % 3], "the red ship") for i in range(60)))
        assert sorted(outcome.index for outcome in outcomes) == list(range(60))
        for outcome in outcomes:
            assert outcome.grounding.results == expected[outcome.index % 3]
        return sent

    sent = use(start_fake(*ROOM_FOR_ONE).address, steps)
    assert len(sent) > 60 and sent.count("encoded") >= 21 and "digest" in sent


def test_an_item_is_sent_again_while_there_is_no_next_one(use, start_fake):

    async def steps(client):
        await client.ground(LARGE, "the red ship")
        await client.ground(OTHER, "the red ship")
        answered, in_time = threading.Event(), []

        def items():
            yield lqvg.Item(LARGE, "the red ship")
            in_time.append(answered.wait(10))
            yield lqvg.Item(SMALL, "the red ship")

        async def items_async():  # does not hold the loop up
            iterator = items()
            while (item := await asyncio.to_thread(next, iterator, None)) is not None:
                yield item

        stream = client.ground_stream(items() if isinstance(client, Blocking) else items_async())
        outcomes = []
        async for outcome in stream:
            outcomes.append(outcome.index)
            answered.set()
        assert (outcomes, in_time) == ([0, 1], [True])

    use(start_fake(*ROOM_FOR_ONE).address, steps)


def test_what_the_items_raise_comes_after_the_item_that_is_sent_again(use, start_fake):

    async def steps(client):
        first = await client.ground(LARGE, "the red ship")
        await client.ground(OTHER, "the red ship")

        def items():
            yield lqvg.Item(LARGE, "the red ship")
            raise LookupError("no more")

        stream = client.ground_stream(items())
        assert (await stream.__anext__()).grounding.results == first.results
        with pytest.raises(LookupError):
            await stream.__anext__()

    use(start_fake(*ROOM_FOR_ONE).address, steps)


def test_no_more_items_are_taken_for_being_short(use, start_fake):
    server = start_fake(*CACHES)

    async def steps(client):
        await client.ground(LARGE, "x")
        server.batch_gate.close()
        outcomes, ahead = [], []

        def items():
            for i in range(200):
                ahead.append(i + 1 - len(outcomes))
                yield lqvg.Item(LARGE, "x" * (i + 2))  # nothing that is known

        async def take():
            async for outcome in client.ground_stream(items()):
                outcomes.append(outcome)

        taking = asyncio.ensure_future(take())
        await asyncio.to_thread(await_true, lambda: f"lqvg_inflight_requests {READ_AT_ONCE}" in server.metrics(),
                                "the server has read what it may")
        await asyncio.to_thread(server.batch_gate.await_arrival)
        server.batch_gate.open()
        await taking
        assert len(outcomes) == 200 and all(outcome.error is None for outcome in outcomes)
        return max(ahead)

    # One is taken, and one is answered, but the loop above has not seen it.
    assert use(server.address, steps) <= READ_AT_ONCE + 2


def test_closing_leaves_nobody_waiting(use, start_fake):
    server = start_fake(*CACHES)

    async def steps(client):
        await client.ground(LARGE, "x")
        stream = client.ground_stream(lqvg.Item(LARGE, "x" * (1 + i // 20)) for i in range(60))
        assert (await stream.__anext__()).index == 0
        server.batch_gate.close()
        await stream.aclose()
        await await_idle()

    use(server.address, steps)


def test_items_that_never_come_hold_nobody_when_the_stream_is_over(server):

    async def items():
        yield lqvg.Item(LARGE, "the red ship")
        await asyncio.Event().wait()

    async def steps():
        async with lqvg.aio.Client(server.address) as client:
            stream = client.ground_stream(items())
            assert (await stream.__anext__()).error is None
            await stream.aclose()  # by the client
            await await_idle()
            server.stream_script = lambda request, context: context.abort(grpc.StatusCode.UNAVAILABLE, "by the server")
            with pytest.raises(lqvg.Unavailable):
                await collect(client, items())
            await await_idle()

    asyncio.run(steps())


# --- Against the scripted server. ---


@pytest.fixture
def forgetful(server):
    """The scripted server, which retains each picture of a call, so it says, and knows no digest in a stream."""
    answer = server.answer

    def retain(request, context):
        response = answer(request, context)
        response.image_digest = hashlib.sha256(request.image.encoded).digest()
        response.image_retained = True
        return response

    def forget(request, context):
        if request.image.digest:
            return {"error": server.status_of(grpc.StatusCode.NOT_FOUND, "IMAGE_NOT_CACHED")}
        return {"response": answer(request, context)}

    server.script, server.stream_script = retain, forget
    return server


def test_an_item_that_is_sent_again_has_the_time_that_is_left(use, forgetful, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(lqvg.stream, "time", types.SimpleNamespace(monotonic=lambda: now[0]))
    forget = forgetful.stream_script

    def take_time(request, context):
        now[0] += 7
        return forget(request, context)

    forgetful.stream_script = take_time

    async def steps(client):
        await client.ground(LARGE, "the red ship")
        (enough,) = await collect(client, [lqvg.Item(LARGE, "the red ship", timeout=9.5)])
        assert (enough.index, enough.error) == (0, None)
        await client.ground(LARGE, "the red ship")
        await collect(client, [lqvg.Item(LARGE, "the red ship", timeout=6)])

    use(forgetful.address, steps)
    assert forgetful.timeouts == [9.5, 2.5, 6, 0.001]


def test_a_digest_that_the_server_does_not_know_is_not_tried_again(use, forgetful):

    async def steps(client):
        await client.ground(LARGE, "the red ship")
        await collect(client, [lqvg.Item(LARGE, "the red ship")])
        await collect(client, [lqvg.Item(LARGE, "the red ship")])

    use(forgetful.address, steps)
    sent = [request.image.WhichOneof("source") for request in forgetful.requests]
    assert sent == ["encoded", "digest", "encoded", "encoded"]


def test_what_is_not_cached_although_it_was_sent_is_the_items_error(use, forgetful):
    forgetful.stream_script = lambda request, context: {
        "error": forgetful.status_of(grpc.StatusCode.NOT_FOUND, "IMAGE_NOT_CACHED")}

    async def steps(client):
        await client.ground(LARGE, "the red ship")
        return await collect(client, [lqvg.Item(LARGE, "the red ship")])

    (outcome,) = use(forgetful.address, steps)
    assert (outcome.index, outcome.error.reason) == (0, "IMAGE_NOT_CACHED")
    assert len(forgetful.requests) == 3


def test_another_error_of_a_digest_is_the_items_error(use, forgetful):
    forgetful.stream_script = lambda request, context: {
        "error": forgetful.status_of(grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND")}

    async def steps(client):
        await client.ground(LARGE, "the red ship")
        return await collect(client, 2 * [lqvg.Item(LARGE, "the red ship")])

    outcomes = use(forgetful.address, steps)
    assert [outcome.error.reason for outcome in outcomes] == 2 * ["MODEL_NOT_FOUND"]
    assert [request.image.WhichOneof("source") for request in forgetful.requests] == ["encoded", "digest", "digest"]


def test_a_sequence_that_was_never_sent_is_a_fault(use, forgetful):
    forgetful.stream_script = lambda request, context: {"sequence": 5}

    async def steps(client):
        await client.ground(LARGE, "the red ship")
        with pytest.raises(lqvg.Internal):
            await collect(client, [lqvg.Item(LARGE, "the red ship")])

    use(forgetful.address, steps)
