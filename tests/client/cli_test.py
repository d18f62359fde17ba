"""`lqvg ground IMAGE... EXPRESSION...`, `lqvg model`, `lqvg health`: what goes out, is printed, is returned."""
import json
import os
import socket

import grpc
import PIL.Image
import pytest

Code = grpc.StatusCode


@pytest.fixture
def picture(tmp_path):
    """A grey picture, 100 x 80 pixels, in the folder where lqvg runs."""
    PIL.Image.new("RGB", (100, 80), (128, 128, 128)).save(tmp_path / "port.png")
    return tmp_path / "port.png"


def test_sends_the_file_and_the_expressions_and_prints_a_table(lqvg, server, picture):
    code, out, err = lqvg("ground", "port.png", "a ship", "the red crane")
    assert (code, err) == (0, "")
    assert server.requests[0].image.encoded == picture.read_bytes()
    assert server.requests[0].expressions == ["a ship", "the red crane"]
    assert not server.requests[0].HasField("max_boxes") and not server.requests[0].HasField("min_score")
    assert out == ("port.png  100 x 80 pixels\n"
                   "  expression     score     x_min    y_min    x_max    y_max\n"
                   "  a ship         0.900      20.0     30.0     70.0     60.0\n"
                   "  the red crane  0.900      30.0     30.0     80.0     60.0\n")


def test_names_itself(lqvg, server, picture):
    lqvg("ground", "port.png", "a ship")
    version = lqvg("--version")[1].removeprefix("lqvg ").strip()
    assert server.metadata["user-agent"].startswith(f"lqvg-cpp/{version} ")


def test_sends_every_option(lqvg, server, picture):
    options = ("--top", "5", "--min-score=0.25", "--clip", "--request-id", "me/1")
    assert lqvg("ground", "port.png", "a ship", *options)[0] == 0
    request = server.requests[0]
    assert (request.max_boxes, request.min_score, request.clip_boxes, request.request_id) == (5, 0.25, True, "me/1")


def test_json_is_the_response_with_the_protos_names_and_zeros(lqvg, server, messages, picture):
    server.script = lambda request, context: messages.v1.GroundResponse(results=[messages.v1.Result()], image_width=100)
    code, out, _ = lqvg("ground", "port.png", "a ship", "--json")
    assert code == 0 and out.count("\n") == 1
    assert json.loads(out) == {"results": [{"boxes": []}], "image_width": 100, "image_height": 0, "request_id": "",
                               "image_digest": "", "image_retained": False, "image_notes": []}


def test_says_that_nothing_reached_the_score(lqvg, server, messages, picture):
    server.script = lambda request, context: messages.v1.GroundResponse(results=[messages.v1.Result()])
    assert "a ship      nothing scored 0.95 or more\n" in lqvg("ground", "port.png", "a ship", "--min-score", "0.95")[1]


def test_reads_a_picture_from_standard_input(lqvg, server):
    assert lqvg("ground", "-", "a ship", input=b"any bytes")[0] == 0
    assert server.requests[0].image.encoded == b"any bytes"


@pytest.mark.parametrize("content, expression", [(b"", "a ship"), (b"x", "")], ids=["empty file", "empty expression"])
def test_leaves_the_judgement_to_the_server(lqvg, server, tmp_path, content, expression):
    (tmp_path / "port.png").write_bytes(content)
    assert lqvg("ground", "port.png", expression)[0] == 0
    assert (server.requests[0].image.encoded, server.requests[0].expressions) == (content, [expression])


def test_sends_text_that_is_not_utf8_without_a_word_of_protobufs(lqvg, picture):
    code, _, err = lqvg("ground", "port.png", os.fsdecode(b"a \xff"))
    assert (code, err) == (6, "lqvg: INTERNAL: Exception deserializing request!\n")  # as Python's server calls it


@pytest.mark.parametrize("status, expected", [
    (Code.INVALID_ARGUMENT, 3), (Code.NOT_FOUND, 3), (Code.DATA_LOSS, 3), (Code.RESOURCE_EXHAUSTED, 3),
    (Code.UNAUTHENTICATED, 3), (Code.PERMISSION_DENIED, 3), (Code.UNAVAILABLE, 4), (Code.DEADLINE_EXCEEDED, 5),
    (Code.INTERNAL, 6), (Code.UNIMPLEMENTED, 6)])
def test_returns_what_the_status_means(lqvg, server, picture, status, expected):
    server.script = server.refuse(status, "SOME_REASON", "it is so")
    code, out, err = lqvg("ground", "port.png", "a ship")
    assert (code, out) == (expected, "")
    assert err == f"lqvg: {status.name} SOME_REASON: it is so\n  request id: made-2\n"


def test_names_every_field_at_fault(lqvg, server, picture):
    server.script = server.refuse(Code.INVALID_ARGUMENT, "EXPRESSION_EMPTY", "2 faults",
                                  [("expressions[0]", "is empty"), ("expressions[1]", "is empty too")])
    assert lqvg("ground", "port.png", "", " ")[2] == ("lqvg: INVALID_ARGUMENT EXPRESSION_EMPTY: 2 faults\n"
                                                     "  expressions[0]: is empty\n  expressions[1]: is empty too\n"
                                                     "  request id: made-2\n")


def test_bears_an_error_without_details(lqvg, server, picture):
    server.script = server.refuse(Code.RESOURCE_EXHAUSTED, message="Received message larger than max (2 vs. 1)")
    code, _, err = lqvg("ground", "port.png", "a ship")
    assert code == 3
    assert err.startswith("lqvg: RESOURCE_EXHAUSTED: Received message larger than max (2 vs. 1)\n")


def test_tries_three_times_while_the_server_is_unavailable_even_with_a_large_picture(lqvg, server, tmp_path):
    (tmp_path / "large.tif").write_bytes(b"x" * 3_000_000)
    refuse = server.refuse(Code.UNAVAILABLE, "QUEUE_FULL")
    server.script = lambda request, context: (refuse if len(server.requests) < 3 else server.answer)(request, context)
    assert lqvg("ground", "large.tif", "a ship")[0] == 0
    assert len(server.requests) == 3
    server.script = refuse
    assert lqvg("ground", "large.tif", "a ship")[0] == 4
    assert len(server.requests) == 6


def test_does_not_repeat_what_was_refused(lqvg, server, picture):
    server.script = server.refuse(Code.RESOURCE_EXHAUSTED, "QUOTA_EXCEEDED")
    lqvg("ground", "port.png", "a ship")
    assert len(server.requests) == 1


def test_stops_waiting_at_the_timeout(lqvg, server, picture):
    server.script = server.hold
    code, _, err = lqvg("ground", "port.png", "a ship", "--timeout", "200ms")
    assert code == 5
    assert err.startswith("lqvg: DEADLINE_EXCEEDED: ")


def test_says_that_nobody_listens(lqvg, picture):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        code, _, err = lqvg("ground", "port.png", "a ship", "--server", "127.0.0.1:%d" % unused.getsockname()[1])
    assert code == 4
    assert err.startswith("lqvg: UNAVAILABLE: ")


def test_asks_a_server_on_this_machine_without_a_proxy(lqvg, picture):
    assert lqvg("ground", "port.png", "a ship", http_proxy="http://127.0.0.1:1")[0] == 0


def test_goes_on_after_a_picture_that_failed(lqvg, server, picture, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"bad")
    refuse = server.refuse(Code.INVALID_ARGUMENT, "UNSUPPORTED_IMAGE_FORMAT", "not a picture")
    server.script = server.only_for(b"bad", refuse)
    code, out, err = lqvg("ground", "bad.png", "port.png", "a ship", "--json")
    assert code == 1
    assert err.startswith("lqvg: bad.png: INVALID_ARGUMENT UNSUPPORTED_IMAGE_FORMAT: not a picture\n")
    first, second = map(json.loads, out.splitlines())
    assert first is None and second["image_width"] == 100


def test_returns_one_when_an_expression_failed_alone(lqvg, server, messages, picture):
    failed = messages.v1.Result(error=messages.status.Status(code=Code.INTERNAL.value[0], message="not finite"))
    server.script = lambda request, context: messages.v1.GroundResponse(results=[failed])
    code, out, _ = lqvg("ground", "port.png", "a ship")
    assert code == 1 and "a ship      INTERNAL: not finite\n" in out


def test_draws_the_boxes_on_the_picture(lqvg, picture, tmp_path):
    assert lqvg("ground", "port.png", "a ship", "--draw", "out.png")[0] == 0
    with PIL.Image.open(tmp_path / "out.png") as drawn:
        assert drawn.format == "PNG" and drawn.size == (100, 80)
        for edge in [(20, 45), (69, 45), (45, 59)]:
            assert len(set(drawn.getpixel(edge))) > 1, f"no colour at {edge}"
        assert drawn.getpixel((95, 75)) == (128, 128, 128)


def test_draws_several_pictures_into_a_folder(lqvg, picture, tmp_path):
    PIL.Image.new("L", (40, 40)).save(tmp_path / "quay.tif")
    (tmp_path / "drawn").mkdir()
    assert lqvg("ground", "port.png", "quay.tif", "a ship", "--draw", "drawn")[0] == 0
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == ["port.png", "quay.png"]


@pytest.mark.parametrize("arguments, message", [
    ((), "usage:"), (("find",), "there is no verb 'find'"), (("ground", "port.png"), "no expression given"),
    (("ground", "a ship"), "no picture given"), (("ground", "missing.jpg", "a ship"), "no such file: missing.jpg"),
    (("ground", "port.png", "a ship", "--top", "x"), "--top is 'x', not a whole number"),
    (("ground", "port.png", "a ship", "--resume"), "--resume needs --list"),
    (("ground", "port.png", "a ship", "--draw", "no/out.png"), "there is no folder no"),
    (("ground", "port.png", "a ship", "--timeout", "10"), "--timeout is '10'"),
    (("model", "demo"), "takes no operands"), (("health", "--sevice", "x"), "there is no option --sevice")],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_returns_two_for_a_wrong_command_line(lqvg, server, picture, arguments, message):
    code, out, err = lqvg(*arguments)
    assert (code, out) == (2, "") and message in err
    assert server.requests == []


def test_returns_two_when_the_drawing_cannot_be_written(lqvg, picture, tmp_path):
    (tmp_path / "out.png.partial").mkdir()
    code, _, err = lqvg("ground", "port.png", "a ship", "--draw", "out.png")
    assert code == 2 and err.startswith("lqvg: out.png.partial: cannot be created: ")


@pytest.mark.parametrize("arguments", [("--help",), ("ground", "--help"), ("model", "-h"), ("health", "--help")])
def test_helps_on_request(lqvg, arguments):
    code, out, err = lqvg(*arguments)
    assert (code, err) == (0, "") and "usage:" in out


def test_prints_the_model(lqvg):
    code, out, _ = lqvg("model")
    assert code == 0 and out.startswith("model        demo\n") and "device       cpu, fp32\n" in out
    assert json.loads(lqvg("model", "--json")[1])["limits"]["max_expressions"] == 32


@pytest.mark.parametrize("health, expected", [("SERVING", 0), ("NOT_SERVING", 4)])
def test_returns_the_health(lqvg, server, health, expected):
    server.health = [health]
    assert lqvg("health")[:2] == (expected, health + "\n")


def test_refuses_a_service_that_the_server_does_not_know(lqvg):
    assert lqvg("health", "--service", "other")[0] == 3


def test_watches_the_health_until_the_server_leaves(lqvg, server):
    server.health = ["NOT_SERVING", "SERVING"]
    code, out, err = lqvg("health", "--watch")
    assert [line.split()[1] for line in out.splitlines()] == ["NOT_SERVING", "SERVING"]
    assert code == 4 and err.startswith("lqvg: UNAVAILABLE: draining\n")
