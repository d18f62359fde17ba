"""The log of a real server under good, bad and hostile calls: each line one object, or one line of text."""
import datetime
import json
import os
import pathlib
import re
import signal
import socket
import struct
import time

import grpc
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXPRESSION = "the secret harbour of Tortuga"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE_ID = TRACEPARENT.split("-")[1]
# Each would end a line, close a string or drive a terminal if it were written as it is.
HOSTILE = [b'x"}\n{"level":"error","msg":"forged', b"x\r\n2026-01-01T00:00:00.000Z error   forged", b"x\x1b[2Jforged",
           b"x\x00forged", b"x\xff\xfeforged", b"x\xc2\x85forged", "x\u2028forged".encode(), b"x forged=1",
           b"x" * 2_000 + b"forged"]
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY = 0, 1, 3, 4, 7
END_STREAM, END_HEADERS = 1, 4


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def integer(value, prefix_bits):
    """RFC 7541, 5.1."""
    limit = (1 << prefix_bits) - 1
    if value < limit:
        return bytes([value])
    out, value = [limit], value - limit
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes([*out, value])


def header(name, value):
    """RFC 7541, 6.2.2: literal, not indexed, not compressed; any bytes at all."""
    return b"\0" + integer(len(name), 7) + name + integer(len(value), 7) + value


def call_raw(address, request, **metadata):
    """A Ground call whose metadata no gRPC client would send. Returns when the server has said something to it."""
    host, port = address.rsplit(":", 1)
    fields = {b":method": b"POST", b":scheme": b"http", b":path": b"/lqvg.v1.GroundingService/Ground",
              b":authority": b"test", b"content-type": b"application/grpc", b"te": b"trailers",
              **{name.replace("_", "-").encode(): value for name, value in metadata.items()}}
    block = b"".join(header(name, value) for name, value in fields.items())
    message = b"\0" + struct.pack(">I", len(request)) + request
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(HTTP2_PREFACE + frame(SETTINGS, 0, 0, b"") + frame(HEADERS, END_HEADERS, 1, block)
                           + frame(DATA, END_STREAM, 1, message))
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
            while len(received) >= 9 + (size := int.from_bytes(received[:3], "big")):
                kind, stream = received[3], int.from_bytes(received[5:9], "big")
                received = received[9 + size:]
                if stream == 1 and kind in (HEADERS, RST_STREAM) or kind == GOAWAY:
                    return


def send_everything(server):
    """Calls that end in every way; their request ids by code."""
    picture = server.request().image.encoded
    calls = {
        "good": dict(request=server.request(EXPRESSION, "plane", request_id="good")),
        "corrupt": dict(request=server.request(EXPRESSION, request_id="corrupt", image={"encoded": picture[:-200]})),
        "long": dict(request=server.request(EXPRESSION * 200, request_id="long")),
        "own-id": dict(request=server.request(EXPRESSION, request_id=f"{EXPRESSION}\n")),
        "malformed": dict(request=b"\xff" + EXPRESSION.encode()),
        "late": dict(request=server.request(EXPRESSION, request_id="late"), timeout=None),
    }
    os.mkfifo(server.gate)
    late = server.call("Ground", **calls.pop("late"))
    assert late.exception().code() == grpc.StatusCode.DEADLINE_EXCEEDED
    os.close(os.open(server.gate, os.O_WRONLY))
    os.unlink(server.gate)
    for call in calls.values():
        server.call("Ground", **call, metadata=[("traceparent", TRACEPARENT)]).exception()
    server.call("GetModel", b"", metadata=[("x-request-id", "model")]).result()
    good = server.request(EXPRESSION).SerializeToString()
    for evil in HOSTILE:
        call_raw(server.address, good, x_request_id=evil)
        call_raw(server.address, good, traceparent=evil, x_request_id=b"with-evil-trace")
    untraced = server.request("plane", request_id="untraced")
    for invalid in (TRACEPARENT.replace("00-", "ff-", 1), TRACEPARENT.replace(TRACE_ID, "0" * 32), TRACEPARENT.upper()):
        server.call("Ground", untraced, metadata=[("traceparent", invalid)]).result()
    twice = [("traceparent", TRACEPARENT), ("traceparent", TRACEPARENT.replace("a", "b"))]
    server.call("Ground", untraced, metadata=twice).result()


def log_of(server):
    """The whole log in bytes, after the server has ended."""
    server.send(signal.SIGINT)
    assert server.exit_code() == 0
    return server.log_path.read_bytes()


@pytest.fixture(scope="module")
def json_log(start):
    server = start.server("--log-format=json", "--log-level=debug", "--default-deadline=1s")
    send_everything(server)
    return log_of(server)


@pytest.fixture(scope="module")
def json_lines(json_log):
    def unique(pairs):
        assert len(dict(pairs)) == len(pairs), f"a name comes twice: {pairs}"
        return dict(pairs)

    return [json.loads(line, object_pairs_hook=unique) for line in json_log.decode().split("\n")[:-1]]


def calls_of(lines, request_id):
    return [line for line in lines if line["msg"] == "call" and line["request_id"] == request_id]


def test_every_line_is_one_object_with_time_level_and_message(json_lines):
    assert len(json_lines) > 30
    for line in json_lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["ts"])
        written = datetime.datetime.fromisoformat(line["ts"].replace("Z", "+00:00"))
        age = datetime.datetime.now(datetime.timezone.utc) - written
        assert datetime.timedelta(0) <= age < datetime.timedelta(hours=1), "in UTC"
        assert line["level"] in ("debug", "info", "warning", "error")
        assert line["msg"]


def test_a_call_that_was_answered_says_what_it_was_and_where_its_time_went(json_lines):
    (line,) = calls_of(json_lines, "good")
    expected = {"level": "debug", "method": "Ground", "code": "OK", "trace_id": TRACE_ID, "traceparent": TRACEPARENT,
                "image_width_px": 480, "image_height_px": 360, "expressions": 2, "batch_images": 1,
                "batch_expressions": 2}
    assert {name: line.get(name) for name in expected} == expected
    for stage in ("queue", "parse", "decode", "prepare", "model", "respond", "total"):
        assert 0 < line[f"{stage}_ms"] < 60_000, stage
    (model,) = calls_of(json_lines, "model")
    assert (model["method"], model["code"]) == ("GetModel", "OK")


def test_the_page_of_logs_names_the_fields_of_a_call_and_no_other(json_lines):
    page = (ROOT / "docs" / "logs.md").read_text()
    written = {name for line in json_lines if line["msg"] == "call" for name in line}
    # At level debug, nothing is left out.
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.M)) == written | {"lines_left_out"}


@pytest.mark.parametrize("request_id, code, reason", [
    ("corrupt", "INVALID_ARGUMENT", "IMAGE_CORRUPT"),
    ("long", "INVALID_ARGUMENT", "EXPRESSION_TOO_LONG"),
    ("late", "DEADLINE_EXCEEDED", "EXPIRED_WHILE_RUNNING"),
])
def test_a_call_that_was_refused_says_why(json_lines, request_id, code, reason):
    (line,) = calls_of(json_lines, request_id)
    assert (line["level"], line["code"], line["reason"]) == ("info", code, reason)
    assert line["detail"]


def test_only_a_valid_traceparent_that_came_alone_is_believed(json_lines):
    untraced = calls_of(json_lines, "untraced")
    assert len(untraced) == 4
    assert [line for line in json_lines if "traceparent" in line and line["traceparent"] != TRACEPARENT] == []
    assert [line for line in untraced if "trace_id" in line or "traceparent" in line] == []


def test_nothing_of_a_callers_words_or_pictures_is_in_the_log(json_log):
    for part in (b"Tortuga", b"forged", b"IHDR", b"IDAT", b"\\u0089PNG"):
        assert part not in json_log


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_no_line_is_another_ones_doing(start, log_format):
    server = start.server(f"--log-format={log_format}", "--log-level=debug", "--default-deadline=1s")
    send_everything(server)
    log = log_of(server)
    text = log.decode()  # or it is not UTF-8
    assert not re.search(r"[^\n\x20-\x7e]", text), "printable, whatever a reader takes for the end of a line"
    assert "forged" not in text
    begin = r'\{"ts":"' if log_format == "json" else ""
    for line in text.split("\n")[:-1]:
        assert re.match(begin + r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line), line
    assert text.count("method=Ground " if log_format == "text" else '"method":"Ground"') >= 10 + len(HOSTILE)


def test_a_flood_of_bad_calls_does_not_flood_the_log(start):
    server = start.server("--log-format=json")
    began = time.monotonic()
    for _ in range(300):
        server.call("Ground", b"\xff").exception()
    at_most = 50 + 10 * (time.monotonic() - began) + 1  # the burst, and what time has given since
    lines = log_of(server).decode().splitlines()
    calls = [json.loads(line) for line in lines if '"msg":"call"' in line]
    assert 50 <= len(calls) <= at_most
    assert len(calls) + sum(call.get("lines_left_out", 0) for call in calls) <= 300
