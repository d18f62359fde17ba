"""GroundStream from outside, as grpcio's clients see it: answers, records, and how a stream ends with its server."""
import queue
import signal
import time

import grpc
import pytest

from server_process import PATIENCE_SECONDS, PICTURE, await_true

EXIT_SECONDS = 2  # beyond the drain delay, as in drain_test.py
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


class Stream:
    """One GroundStream, open until half_close."""

    def __init__(self, server):
        self.grounding = server.protos.grounding
        self.items = queue.SimpleQueue()
        method = server.channel.stream_stream("/lqvg.v1.GroundingService/GroundStream",
                                              self.grounding.GroundStreamRequest.SerializeToString,
                                              self.grounding.GroundStreamResponse.FromString)
        self.call = method(iter(self.items.get, None), timeout=PATIENCE_SECONDS)

    def write(self, *expressions):
        item = self.grounding.GroundStreamRequest()
        item.request.image.encoded = PICTURE
        item.request.expressions.extend(expressions)
        self.items.put(item)

    def half_close(self):
        self.items.put(None)

    def read(self):
        return next(self.call)

    def end(self, server):
        """(status code, reason) of a stream that has no answer left."""
        with pytest.raises(grpc.RpcError):
            next(self.call)
        self.half_close()  # the end of grpcio's thread that sends
        return server.reason_of(self.call)


def test_items_are_answered_counted_and_logged_once_each(make_server):
    server = make_server("--log-level=debug").start().await_ready()
    stream = Stream(server)
    stream.write("the red ship", "a plane")
    stream.write()
    stream.write("the red ship")
    stream.half_close()
    answers = {answer.sequence: answer for answer in stream.call}
    assert stream.call.code() == grpc.StatusCode.OK
    assert [answers[i].WhichOneof("outcome") for i in range(3)] == ["response", "error", "response"]
    assert len(answers[0].response.results) == 2
    assert answers[1].error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert len({answer.request_id for answer in answers.values()}) == 3

    metrics = ['lqvg_requests_total{code="OK",method="GroundStream",reason=""} 2',
               'lqvg_requests_total{code="INVALID_ARGUMENT",method="GroundStream",reason="FIELD_REQUIRED"} 1',
               'lqvg_request_duration_seconds_count{method="GroundStream"} 3', "lqvg_requests_received_total 3"]
    await_true(lambda: all(metric in server.scrape() for metric in metrics), metrics)
    for answer in answers.values():
        assert server.log().count(f"request_id={answer.request_id} ") == 1, server.log()
    assert server.log().count("call method=GroundStream") == 3


def test_a_stream_that_is_too_old_ends_and_another_can_be_opened(make_server):
    server = make_server("--max-stream-age=1s").start().await_ready()
    assert Stream(server).end(server) == (UNAVAILABLE, "STREAM_AGED")
    stream = Stream(server)
    stream.write("the red ship")
    stream.half_close()
    assert stream.read().sequence == 0


def test_sigterm_ends_an_idle_stream_when_new_calls_are_refused(make_server):
    server = make_server("--drain-delay=500ms").start().await_ready()
    stream = Stream(server)
    stream.write("the red ship")
    stream.read()
    server.send(signal.SIGTERM)
    signalled = time.monotonic()
    stream.write("the red ship")  # within the delay
    assert stream.read().WhichOneof("outcome") == "response"
    assert stream.end(server) == (UNAVAILABLE, "SHUTTING_DOWN")
    assert time.monotonic() >= signalled + 0.4
    assert server.exit_code() == 0
    assert time.monotonic() < signalled + 0.5 + EXIT_SECONDS
    assert "every call was answered" in server.log()


def test_sigterm_lets_a_stream_have_the_answers_to_what_was_read(make_server):
    server = make_server("--drain-delay=0s").start().await_ready()
    server.gates["ground"].close()
    stream = Stream(server)
    stream.write("the red ship")
    server.gates["ground"].await_arrival()
    stream.write("the red ship")
    await_true(lambda: "lqvg_inflight_requests 2" in server.scrape(), "both items are in")
    server.send(signal.SIGTERM)
    server.find("(refusing new calls)")
    server.gates["ground"].open()
    assert {stream.read().sequence, stream.read().sequence} == {0, 1}
    assert stream.end(server) == (UNAVAILABLE, "SHUTTING_DOWN")
    assert server.exit_code(EXIT_SECONDS) == 0
