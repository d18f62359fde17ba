"""Calls that fail as UNAVAILABLE are tried again, as client/service_config.json and the server say."""
import grpc
import pytest

import lqvg

EXPRESSION = "the red ship"
LARGER_THAN_GRPCS_BUFFER = bytes(300_000)  # gRPC's default retry buffer is 256 KiB


def refuse_first(server, times, pushback=None, code=grpc.StatusCode.UNAVAILABLE):
    """A script that fails the first calls and answers the others. The server counts them in `requests`."""

    def script(request, context):
        if len(server.requests) > times:
            return server.answer(request, context)
        if pushback is not None:
            context.set_trailing_metadata([("grpc-retry-pushback-ms", pushback)])
        context.abort(code, "not now")

    return script


@pytest.mark.parametrize("picture", [b"small", LARGER_THAN_GRPCS_BUFFER], ids=["small", "300 kB"])
def test_a_call_survives_two_refusals(server, client, picture):
    server.script = refuse_first(server, 2)
    assert client.ground(picture, EXPRESSION).results[0].best is not None
    assert [request.image.encoded for request in server.requests] == [picture] * 3


def test_there_are_three_attempts(server, client):
    server.script = refuse_first(server, 100)
    with pytest.raises(lqvg.Unavailable, match="not now"):
        client.ground(b"picture", EXPRESSION)
    assert len(server.requests) == 3


def test_retries_can_be_switched_off(server):
    server.script = refuse_first(server, 1)
    with lqvg.Client(server.address, retry=False) as client, pytest.raises(lqvg.Unavailable):
        client.ground(b"picture", EXPRESSION)
    assert len(server.requests) == 1


def test_a_negative_pushback_forbids_retries(server, client):
    server.script = refuse_first(server, 1, pushback="-1")
    with pytest.raises(lqvg.Unavailable):
        client.ground(b"picture", EXPRESSION)
    assert len(server.requests) == 1


def test_a_pushback_is_waited_for_and_the_timeout_covers_it(server, client):
    server.script = refuse_first(server, 1, pushback="30000")
    with pytest.raises(lqvg.DeadlineExceeded):
        client.ground(b"picture", EXPRESSION, timeout=2)  # its own backoff would be 0.1 s
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL,
                                  grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.INVALID_ARGUMENT])
def test_other_failures_are_final(server, client, code):
    server.script = refuse_first(server, 1, code=code)
    with pytest.raises(lqvg.Error):
        client.ground(b"picture", EXPRESSION)
    assert len(server.requests) == 1


def test_a_server_that_refuses_everything_is_spared(server, client):
    server.script = refuse_first(server, 1000)
    for _ in range(40):
        with pytest.raises(lqvg.Unavailable):
            client.ground(b"picture", EXPRESSION)
    # retryThrottling: of 10 tokens each failure takes one, and at 5 there are no retries.
    assert len(server.requests) <= 40 + 5
