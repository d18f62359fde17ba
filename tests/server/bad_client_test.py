"""Clients whose bytes are no HTTP/2, or no gRPC: after each of them a good call is answered within a second.

The cases are those of gRPC core's own bad_client tests and a few more, asked of this server with this configuration.
"""
import hpack
import pytest

from raw_http2 import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, INVALID_ARGUMENT, PING,
                       PREFACE, PRIORITY, PUSH_PROMISE, RESOURCE_EXHAUSTED, RST_STREAM, SETTINGS, WINDOW_UPDATE, Client,
                       frame, header_block, literal, message, open_stream, setting)
from server_process import Server, assert_serves

MIB = 1 << 20


@pytest.fixture(scope="module")
def server(protos, tmp_path_factory):
    """One for all cases that must leave no trace in it."""
    server = Server(protos, tmp_path_factory.mktemp("server"), [], {}).start().await_ready()
    yield server
    survived = server.process.poll() is None
    server.kill()
    assert survived


# What is sent, and whether the server must end the connection by itself; else it may wait for the client's end.
ENDS, MAY_STAY = True, False
BEGINNINGS = {
    **{f"preface cut after {n}": (PREFACE[:n] + b"X", ENDS) for n in range(len(PREFACE))},
    "http 1": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", ENDS),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), ENDS),
    "nothing": (b"", MAY_STAY),
    **{f"settings cut after {n}": (PREFACE + frame(SETTINGS)[:n], MAY_STAY) for n in range(9)},
    "settings of a stream": (PREFACE + frame(SETTINGS, stream=1), ENDS),
    "settings of a far stream": (PREFACE + frame(SETTINGS, stream=0x400000), ENDS),
    **{f"settings of {n} bytes": (PREFACE + frame(SETTINGS, length=n), ENDS) for n in range(1, 6)},
    "max frame size 0": (PREFACE + frame(SETTINGS, payload=setting(5, 0)), MAY_STAY),
    "max header list 2^32-1": (PREFACE + frame(SETTINGS, payload=setting(6, 0xffffffff)), MAY_STAY),
    "initial window 2^31": (PREFACE + frame(SETTINGS, payload=setting(4, 1 << 31)), MAY_STAY),
    "unknown setting": (PREFACE + frame(SETTINGS, payload=setting(0x99, 0)), MAY_STAY),
    "ack with data": (PREFACE + frame(SETTINGS) + frame(SETTINGS, ACK, length=1), ENDS),
    "settings with unknown flags": (PREFACE + frame(SETTINGS, 0x10), ENDS),
    "a frame before settings": (PREFACE + frame(PING, payload=bytes(8)), MAY_STAY),
}
BLOCK = header_block()
FRAMES = {
    **{f"unknown frame {kind}": (frame(kind, stream=1), MAY_STAY) for kind in (10, 11, 127, 128, 255)},
    "data above the frame size": (frame(DATA, stream=1, payload=bytes(1 << 16)), ENDS),
    "data without stream": (frame(DATA, stream=0, payload=b"a"), MAY_STAY),
    "data of an idle stream": (frame(DATA, stream=7, payload=b"a"), MAY_STAY),
    "padding beyond the data": (open_stream(1) + frame(DATA, 0x8, 1, b"\xff"), MAY_STAY),
    "priority of 3 bytes": (frame(PRIORITY, stream=1, payload=b"\x11\x11\x12"), MAY_STAY),
    "reset of 2 bytes": (frame(RST_STREAM, stream=1, payload=b"\x11\x11"), ENDS),
    "reset of an idle stream": (frame(RST_STREAM, stream=1, payload=bytes(4)), MAY_STAY),
    "ping of 5 bytes": (frame(PING, payload=b"\x11" * 5), ENDS),
    "window update of 1 byte": (frame(WINDOW_UPDATE, payload=b"\x11"), ENDS),
    "window update of 0": (frame(WINDOW_UPDATE, payload=bytes(4)), ENDS),
    "window above 2^31": (2 * frame(WINDOW_UPDATE, payload=b"\x7f\xff\xff\xff"), MAY_STAY),
    "stream window above 2^31": (open_stream(1) + 2 * frame(WINDOW_UPDATE, 0, 1, b"\x7f\xff\xff\xff"), MAY_STAY),
    "goaway of 3 bytes": (frame(GOAWAY, payload=bytes(3)), ENDS),
    "push of a client": (frame(PUSH_PROMISE, END_HEADERS, 1, bytes(4) + BLOCK), MAY_STAY),
    "an even stream": (open_stream(2), MAY_STAY),
    "a stream that is not higher": (open_stream(3) + open_stream(1), MAY_STAY),
    "a stream that is there": (2 * open_stream(1), MAY_STAY),
}
HPACKED = {
    **{f"priority of {n} bytes": (frame(HEADERS, 0x24, 1, bytes(n)), ENDS) for n in range(1, 5)},
    "index beyond the table": (open_stream(1, b"\xfe"), MAY_STAY),
    "name beyond the table": (open_stream(1, b"\x7f\x7f\x01a"), MAY_STAY),
    "index 0": (open_stream(1, b"\x80"), MAY_STAY),
    **{f"index of {n} bytes": (open_stream(1, b"\xff" + b"\x80" * n + b"\x00"), MAY_STAY) for n in range(7)},
    "index that overflows": (open_stream(1, b"\xff\xff\xff\xff\xff\x0f"), MAY_STAY),
    "string longer than the block": (open_stream(1, b"\x00\x05a"), MAY_STAY),
    "bad huffman code": (open_stream(1, b"\x00\x01a\x84\xff\xff\xff\xff"), MAY_STAY),
    "table size too large": (open_stream(1, b"\x3f\xf1\x1f"), MAY_STAY),
    "table size three times": (open_stream(1, b"\x20\x20\x20"), MAY_STAY),
    "continuation first": (frame(CONTINUATION, END_HEADERS, 1, BLOCK), ENDS),
    "headers without end, then data": (open_stream(1, BLOCK, 0) + frame(DATA, END_STREAM, 1), ENDS),
    "continuation of another stream": (open_stream(1, BLOCK, 0) + frame(CONTINUATION, END_HEADERS, 3), ENDS),
    "headers without any": (open_stream(1, b""), MAY_STAY),
    "three times": (3 * open_stream(1, b""), MAY_STAY),
    "of stream 0": (open_stream(0), MAY_STAY),
    "without a path": (open_stream(1, hpack.Encoder().encode([(":method", "POST"), (":scheme", "http")])), MAY_STAY),
    "two paths": (open_stream(1, header_block((":path", "/foo/bar"))), MAY_STAY),
    "a relative path": (open_stream(1, header_block(path="foo")), MAY_STAY),
    "method get": (open_stream(1, header_block(method="GET"), END_HEADERS | END_STREAM), MAY_STAY),
    "two content types": (open_stream(1, header_block(("content-type", "text/html"))), MAY_STAY),
    "te frobnicate": (open_stream(1, header_block(te="frobnicate")), MAY_STAY),
    "te x": (open_stream(1, header_block(te="x")), MAY_STAY),
    "unknown encoding": (open_stream(1, header_block(("grpc-encoding", "unknown"))), MAY_STAY),
    "timeout in words": (open_stream(1, header_block(("grpc-timeout", "15 seconds"))), MAY_STAY),
    "timeout of 20 digits": (open_stream(1, header_block(("grpc-timeout", "9" * 20 + "S"))), MAY_STAY),
    "upper case": (open_stream(1, header_block() + literal(b"Upper", b"1")), MAY_STAY),
    "binary header that is no base64": (open_stream(1, header_block(("x-bin", "!!"))), MAY_STAY),
    "line break in a value": (open_stream(1, header_block(("x-request-id", "a\r\nb"))), MAY_STAY),
}


def send_case(client, sent, ends):
    client.send_what_is_taken(sent)
    if not ends:
        client.finish_sending()
    client.read_to_the_end()


@pytest.mark.parametrize("case", BEGINNINGS)
def test_beginnings(server, case):
    with Client(server.address, preface=False) as client:
        send_case(client, *BEGINNINGS[case])
    assert_serves(server)


@pytest.mark.parametrize("case", FRAMES)
def test_frames(server, case):
    with Client(server.address) as client:
        send_case(client, *FRAMES[case])
    assert_serves(server)


@pytest.mark.parametrize("case", HPACKED)
def test_headers(server, case):
    with Client(server.address) as client:
        send_case(client, *HPACKED[case])
    assert_serves(server)


@pytest.mark.parametrize("length,content", [(0xffffffff, b""), (17 * MIB, b"a"), (100, b"short"), (1, b"\xff\xff")])
def test_a_message_that_lies_about_its_length(server, length, content):
    with Client(server.address) as client:
        client.send(open_stream(1), frame(DATA, END_STREAM, 1, message(content, length=length)))
        client.finish_sending()
        client.read_to_the_end()
    assert_serves(server)


def test_a_call_that_never_ends_does_not_hold_up_another(server):
    with Client(server.address) as client:
        client.send(open_stream(1), frame(DATA, 0, 1, message(length=10_000)), open_stream(3),
                    frame(DATA, 0, 3, message(length=10_000)))
        for _ in range(10):
            client.send(frame(DATA, 0, 3, bytes(1_000)))
        client.send(frame(DATA, END_STREAM, 3))
        assert client.status_of(3) == INVALID_ARGUMENT
    assert_serves(server)


def test_more_messages_and_more_data_than_a_call_may_have_reset_it(server):
    many = frame(DATA, 0, 1, message() * 3_276)
    with Client(server.address) as client:
        taken = client.send_what_is_taken(open_stream(1), many * (16 * MIB // len(many)))  # above all windows
        client.finish_sending()
        reset = any(received.type == RST_STREAM for received in client.read_to_the_end())
        assert reset or not taken
    assert_serves(server)


def test_large_metadata_is_refused_once_the_limit_is_known(server):
    with Client(server.address) as client:
        client.read_until(lambda received: received.type == SETTINGS)
        client.send(frame(SETTINGS, ACK), open_stream(1, header_block(("x-large", "a" * 15_000))))
        assert client.status_of(1) == RESOURCE_EXHAUSTED
    assert_serves(server)
