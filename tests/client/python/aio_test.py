"""The client for asyncio: the same answers and errors as the blocking one, many at a time, and cancellation."""
import asyncio

import grpc
import pytest

import lqvg
import lqvg.aio

EXPRESSION = "the red ship"


@pytest.fixture
def call(server):
    """call(coroutine_function): runs it with a client of the scripted server."""

    def run(function, **options):

        async def main():
            async with lqvg.aio.Client(server.address, **options) as client:
                return await function(client)

        return asyncio.run(main())

    return run


def test_it_answers_as_the_blocking_client_does(demo, demo_server, scene):

    async def ask():
        async with lqvg.aio.Client(demo_server.address, timeout=60) as client:
            await client.wait_ready()
            answer = await client.ground(scene, [EXPRESSION, "the pool"], max_boxes=2, request_id="r-1")
            return answer, await client.get_model(), await client.health()

    answer, model, health = asyncio.run(ask())
    expected = demo.ground(scene, [EXPRESSION, "the pool"], max_boxes=2)
    assert (answer.results, answer.model, answer.path) == (expected.results, expected.model, str(scene))
    assert answer.request_id == "r-1"
    assert model == demo.get_model()
    assert health is lqvg.Health.SERVING


def test_errors_are_typed(demo_server):

    async def ask():
        async with lqvg.aio.Client(demo_server.address, timeout=60) as client:
            await client.ground(b"GIF89a", EXPRESSION, request_id="r-2")

    with pytest.raises(lqvg.InvalidArgument) as caught:
        asyncio.run(ask())
    assert (caught.value.reason, caught.value.request_id) == ("UNSUPPORTED_IMAGE_FORMAT", "r-2")
    assert [each.field for each in caught.value.violations] == ["image"]


def test_faults_of_the_caller_are_too(call, server, tmp_path):
    for picture, error in [(tmp_path / "nowhere.png", FileNotFoundError), (None, TypeError)]:
        with pytest.raises(error):
            call(lambda client: client.ground(picture, EXPRESSION))
    assert server.requests == []


def test_many_calls_run_at_once(call, server):

    async def ask_all(client):
        return await asyncio.gather(*(client.ground(b"picture", EXPRESSION, request_id=f"r-{n}") for n in range(200)))

    assert [answer.request_id for answer in call(ask_all)] == [f"r-{n}" for n in range(200)]


def test_refused_calls_are_tried_again(call, server):

    def script(request, context):
        if len(server.requests) < 3:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        return server.answer(request, context)

    server.script = script
    answer = call(lambda client: client.ground(bytes(300_000), EXPRESSION))
    assert answer.results[0].best is not None
    assert len(server.requests) == 3


def test_every_call_carries_name_metadata_and_token(call, server):
    call(lambda client: client.ground(b"picture", EXPRESSION, metadata=[("traceparent", "00-ab-cd-01")]),
         token="secret")
    assert server.metadata["user-agent"].startswith("lqvg-python/")
    assert (server.metadata["authorization"], server.metadata["traceparent"]) == ("Bearer secret", "00-ab-cd-01")


def test_no_answer_in_time_is_deadline_exceeded(call, server):
    server.script = server.hold
    with pytest.raises(lqvg.DeadlineExceeded):
        call(lambda client: client.ground(b"picture", EXPRESSION, timeout=0.2))


@pytest.mark.parametrize("timeout,expected", [(None, 1000), (100, 100)])
def test_a_call_has_the_clients_timeout_or_its_own(call, server, timeout, expected):
    left = []
    server.script = lambda request, context: (left.append(context.time_remaining()), server.answer(request, context))[1]
    call(lambda client: client.ground(b"picture", EXPRESSION, timeout=timeout), timeout=1000)
    assert expected / 2 < left[0] < expected * 1.1  # the wire rounds it


def test_cancelling_a_task_cancels_the_call_in_the_server(start_fake, scene):
    fake = start_fake()
    fake.batch_gate.close()

    async def cancel_one():
        async with lqvg.aio.Client(fake.address, timeout=60) as client:
            task = asyncio.create_task(client.ground(scene, EXPRESSION))
            await asyncio.to_thread(fake.batch_gate.await_arrival)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            while 'code="CANCELLED"' not in await asyncio.to_thread(fake.metrics):
                await asyncio.sleep(0.01)
            assert "lqvg_inflight_requests 0" in await asyncio.to_thread(fake.metrics), "although the model is held"
            fake.batch_gate.open()
            # The client lives on.
            return await client.ground(scene, EXPRESSION)

    assert asyncio.run(asyncio.wait_for(cancel_one(), 60)).results[0].best is not None


def test_wait_ready_waits_for_the_model(start_fake):
    fake = start_fake(loads=False)
    fake.load_gate.await_arrival()

    async def wait():
        async with lqvg.aio.Client(fake.address) as client:
            with pytest.raises(lqvg.DeadlineExceeded, match="not ready after 0.5 s"):
                await client.wait_ready(0.5)
            fake.load_gate.open()
            await client.wait_ready()
            return await client.health()

    assert asyncio.run(wait()) is lqvg.Health.SERVING


def test_outside_a_loop_it_cannot_be_made():
    with pytest.raises(RuntimeError, match="no running event loop"):
        lqvg.aio.Client()
