"""What fails is the exception of its code, with the contract's words; nothing of it is lost on the way."""
import concurrent.futures
import datetime
import pickle

import grpc
import pytest
from google.protobuf import any_pb2

import lqvg
from lqvg.errors import from_status

EXPRESSION = "the red ship"


def fail_with(code, message, trailers):
    """A script of the scripted server."""

    def fail(request, context):
        context.set_trailing_metadata(trailers)
        context.abort(code, message)

    return fail


def packed(message):
    detail = any_pb2.Any()
    detail.Pack(message)
    return detail


@pytest.mark.parametrize("arguments,error,reason,field", [
    (dict(image=b""), lqvg.InvalidArgument, "FIELD_REQUIRED", "image.encoded"),
    (dict(image=b"GIF89a"), lqvg.InvalidArgument, "UNSUPPORTED_IMAGE_FORMAT", "image"),
    (dict(expressions=[]), lqvg.InvalidArgument, "FIELD_REQUIRED", "expressions"),
    (dict(expressions=[EXPRESSION, " "]), lqvg.InvalidArgument, "EXPRESSION_EMPTY", "expressions[1]"),
    (dict(expressions="x" * 4097), lqvg.InvalidArgument, "EXPRESSION_TOO_LONG", "expressions[0]"),
    (dict(expressions=["x"] * 33), lqvg.InvalidArgument, "TOO_MANY_EXPRESSIONS", "expressions"),
    (dict(max_boxes=0), lqvg.InvalidArgument, "PARAMETER_OUT_OF_RANGE", "max_boxes"),
    (dict(min_score=float("nan")), lqvg.InvalidArgument, "PARAMETER_OUT_OF_RANGE", "min_score"),
    (dict(request_id="a b"), lqvg.InvalidArgument, "PARAMETER_OUT_OF_RANGE", "request_id"),
    (dict(model="another"), lqvg.NotFound, "MODEL_NOT_FOUND", "model"),
])
def test_what_the_server_refuses_names_reason_and_field(demo, scene, arguments, error, reason, field):
    with pytest.raises(error) as caught:
        demo.ground(**{"image": scene, "expressions": EXPRESSION, **arguments})
    assert type(caught.value) is error
    assert (caught.value.reason, [each.field for each in caught.value.violations]) == (reason, [field])
    assert caught.value.violations[0].description in caught.value.message
    assert len(caught.value.request_id) == 32, "made by the server"
    assert str(caught.value) == f"{caught.value.code.name} {reason}: {caught.value.message}"


def test_all_violations_are_listed(demo, scene):
    with pytest.raises(lqvg.InvalidArgument) as caught:
        demo.ground(scene, ["x" * 5000, EXPRESSION, "y" * 5000], max_boxes=99, request_id="mine-1")
    assert [each.field for each in caught.value.violations] == ["expressions[0]", "expressions[2]", "max_boxes"]
    assert caught.value.request_id == "mine-1"


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_every_code_has_its_class(server, scene, code):
    server.script = server.refuse(code, "A_REASON", message="the words")
    with lqvg.Client(server.address, retry=False) as client, pytest.raises(lqvg.Error) as caught:
        client.ground(scene, EXPRESSION)
    error = caught.value
    assert type(error).__name__.upper() == code.name.replace("_", "")
    assert type(error) is getattr(lqvg, type(error).__name__)
    assert (error.code, error.reason, error.message) == (code.value[0], "A_REASON", "the words")
    assert error.request_id == "made-2"


def test_the_servers_advice_when_to_return_is_kept(server, messages, client, scene):
    status = messages.status.Status(code=14, details=[
        packed(messages.details.ErrorInfo(reason="QUEUE_FULL", domain="lqvg")),
        packed(messages.details.RetryInfo(retry_delay={"nanos": 250_000_000}))])
    server.script = fail_with(grpc.StatusCode.UNAVAILABLE, "full", [
        ("grpc-status-details-bin", status.SerializeToString()), ("grpc-retry-pushback-ms", "-1")])
    with pytest.raises(lqvg.Unavailable) as caught:
        client.ground(scene, EXPRESSION)
    assert caught.value.retry_after == datetime.timedelta(milliseconds=250)


@pytest.mark.parametrize("pushback,expected", [
    ("1500", datetime.timedelta(seconds=1.5)), ("0", datetime.timedelta()), ("-1", None), ("soon", None)])
def test_without_details_the_pushback_is_the_advice(server, client, scene, pushback, expected):
    server.script = fail_with(grpc.StatusCode.RESOURCE_EXHAUSTED, "", [("grpc-retry-pushback-ms", pushback)])
    with pytest.raises(lqvg.ResourceExhausted) as caught:
        client.ground(scene, EXPRESSION)
    assert caught.value.retry_after == expected
    assert str(caught.value) == "RESOURCE_EXHAUSTED"


def test_details_of_others_are_not_taken_for_the_contracts(server, messages, client, scene):
    status = messages.status.Status(details=[
        packed(messages.details.ErrorInfo(reason="STOCKOUT", domain="example.com")),
        packed(messages.details.DebugInfo(detail="line 1"))])
    server.script = fail_with(grpc.StatusCode.INTERNAL, "broken",
                              [("grpc-status-details-bin", status.SerializeToString())])
    with pytest.raises(lqvg.Internal) as caught:
        client.ground(scene, EXPRESSION)
    assert (caught.value.reason, caught.value.violations) == ("", ())


def test_unreadable_details_do_not_hide_the_error(server, client, scene):
    server.script = fail_with(grpc.StatusCode.DATA_LOSS, "damaged",
                              [("grpc-status-details-bin", b"\xff\xff"), ("x-request-id", "r-1")])
    with pytest.raises(lqvg.DataLoss, match="damaged") as caught:
        client.ground(scene, EXPRESSION)
    assert (caught.value.reason, caught.value.request_id) == ("", "r-1")


def test_an_expression_may_fail_alone(server, messages, client, scene):
    failed = messages.v1.Result(error=messages.status.Status(code=8, message="too large alone", details=[
        packed(messages.details.ErrorInfo(reason="DEVICE_MEMORY", domain="lqvg"))]))

    def script(request, context):
        answer = server.answer(request, context)
        answer.results[1].CopyFrom(failed)
        return answer

    server.script = script
    first, second = client.ground(scene, ["a", "b"], request_id="r-2").results
    assert first.error is None and first.best is not None
    assert isinstance(second.error, lqvg.ResourceExhausted)
    assert (second.error.reason, second.error.request_id) == ("DEVICE_MEMORY", "r-2")
    assert (second.boxes, second.best) == ((), None)


def test_an_answer_to_another_number_of_expressions_is_a_fault(server, messages, client, scene):
    server.script = lambda request, context: messages.v1.GroundResponse(request_id="r-3")
    with pytest.raises(lqvg.Internal, match="0 of 1 expressions") as caught:
        client.ground(scene, EXPRESSION)
    assert caught.value.request_id == "r-3"


def test_a_code_that_nobody_knows_is_unknown(messages):
    assert isinstance(from_status(messages.status.Status(code=77, message="what")), lqvg.Unknown)


def test_errors_cross_processes():
    error = lqvg.Unavailable("full", reason="QUEUE_FULL", violations=[lqvg.Violation("a", "b")], request_id="r",
                             retry_after=datetime.timedelta(seconds=1))
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is lqvg.Unavailable and copy.args == error.args and vars(copy) == vars(error)


def test_overload_is_unavailable_with_the_servers_advice(start_fake, scene):
    fake = start_fake("--queue-requests=1")
    fake.batch_gate.close()
    with lqvg.Client(fake.address, retry=False, timeout=60) as client, \
            concurrent.futures.ThreadPoolExecutor() as threads:
        running = threads.submit(client.ground, scene, EXPRESSION)
        fake.batch_gate.await_arrival()
        with pytest.raises(lqvg.Unavailable) as caught:
            for _ in range(3):  # at most one of them is queued
                client.ground(scene, EXPRESSION, timeout=5)
        assert caught.value.reason == "QUEUE_FULL"
        assert datetime.timedelta(0) < caught.value.retry_after < datetime.timedelta(seconds=1)
        fake.batch_gate.open()
        assert running.result().results[0].best is not None


def test_no_answer_in_time_is_deadline_exceeded(start_fake, scene):
    fake = start_fake()
    fake.batch_gate.close()
    with lqvg.Client(fake.address, timeout=60) as client, concurrent.futures.ThreadPoolExecutor() as threads:
        held = threads.submit(client.ground, scene, EXPRESSION)
        fake.batch_gate.await_arrival()
        with pytest.raises(lqvg.DeadlineExceeded):
            client.ground(scene, EXPRESSION, timeout=0.3)
        fake.batch_gate.open()
        assert held.result().results[0].best is not None
