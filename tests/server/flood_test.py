"""Clients that send correct bytes, but more of them than anybody needs: memory and threads stay bounded.

After each of them a good call is answered within a second.
"""
import gzip
import re

from raw_http2 import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, GOAWAY, NO_ERROR, PING,
                       RESOURCE_EXHAUSTED, RST_STREAM, SETTINGS, UNIMPLEMENTED, WINDOW_UPDATE, Client, frame,
                       header_block, literal, message, open_stream, setting)
from server_process import PATIENCE_SECONDS, assert_serves, await_true, read_process

MIB = 1 << 20


def memory_of(server):
    """Bytes of the process, and the most that it ever had."""
    status = read_process(server, "status")
    return [int(re.search(rf"{name}:\s+(\d+) kB", status).group(1)) << 10 for name in ("VmRSS", "VmHWM")]


def test_20_mb_of_headers_from_a_client_that_never_acknowledges_the_limit(make_server):
    server = make_server().start().await_ready()
    before, _ = memory_of(server)
    block = header_block() + b"".join(literal(b"x-%d" % n, b"a" * 4_000) for n in range(5_000))
    pieces = [block[n:n + 16_384] for n in range(0, len(block), 16_384)]
    with Client(server.address) as client:
        client.send(open_stream(1, pieces[0], 0))
        client.send_what_is_taken(*[frame(CONTINUATION, 0, 1, piece) for piece in pieces[1:-1]],
                                  frame(CONTINUATION, END_HEADERS | END_STREAM, 1, pieces[-1]))
        client.finish_sending()
        client.read_to_the_end()
    assert_serves(server)
    assert memory_of(server)[1] - before < 150 * MIB


def test_rapid_reset(make_server):
    server = make_server().start().await_ready()
    streams = range(1, 20_001, 2)
    with Client(server.address) as client:
        for begin in range(0, len(streams), 100):
            client.send_what_is_taken(*[
                open_stream(stream) + frame(DATA, END_STREAM, stream, message(b"\x12\x01a")) +
                frame(RST_STREAM, 0, stream, b"\0\0\0\x08") for stream in streams[begin:begin + 100]])
    await_true(lambda: "lqvg_inflight_requests 0" in server.scrape(), "every reset call has left")
    assert 'reason="MALFORMED_REQUEST"' in server.scrape(), "the flood has come that far"
    assert_serves(server)


def test_a_ping_flood_is_told_to_calm_down(make_server):
    server = make_server().start().await_ready()
    with Client(server.address) as client:
        client.send_what_is_taken(frame(PING, payload=bytes(8)) * 1_000)
        goaway = client.read_until(lambda received: received.type == GOAWAY)
        assert goaway.error() == ENHANCE_YOUR_CALM
        client.read_to_the_end()
    assert_serves(server)


def test_a_flood_of_settings(make_server):
    server = make_server().start().await_ready()
    with Client(server.address) as client:
        client.send_what_is_taken(frame(SETTINGS, payload=setting(3, 100)) * 20_000)
        client.finish_sending()
        client.read_to_the_end()
    assert_serves(server)


def test_streams_of_reflection_that_stay_open_take_few_threads(make_server):
    server = make_server("--reflection").start().await_ready()
    block = header_block(path="/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")

    def threads():
        return int(re.search(r"Threads:\s+(\d+)", read_process(server, "status")).group(1))

    before = threads()
    clients = [Client(server.address) for _ in range(4)]
    for client in clients:
        client.send(*[open_stream(stream, block) for stream in range(1, 64, 2)])
    assert clients[-1].status_of(63) == RESOURCE_EXHAUSTED
    assert threads() - before <= 16
    for client in clients:
        client.socket.close()
    assert_serves(server)


def test_a_gzip_bomb_is_refused_before_it_is_inflated(make_server):
    server = make_server().start().await_ready()
    before, _ = memory_of(server)
    bomb = message(gzip.compress(bytes(128 * MIB), 1), compressed=True)
    assert len(bomb) < MIB
    with Client(server.address) as client:
        client.send(open_stream(1, header_block(("grpc-encoding", "gzip"))))
        for begin in range(0, 48_000, 16_000):  # within the first window: the refusal needs no more
            client.send(frame(DATA, 0, 1, bomb[begin:begin + 16_000]))
        assert client.status_of(1) == UNIMPLEMENTED
    assert_serves(server)
    assert memory_of(server)[1] - before < 32 * MIB


class Upload:
    """Bodies that keep to flow control and stop `missing` bytes short of their end."""

    def __init__(self, client, streams, size, missing):
        self.client = client
        self.left = {stream: size + 5 - missing for stream in streams}
        self.windows = {stream: 65_535 for stream in [0, *streams]}
        self.initial_window = 65_535
        self.resets = set()  # the errors with which the server has reset streams
        client.send(*[open_stream(stream) + frame(DATA, 0, stream, message(length=size)) for stream in streams])
        for stream in streams:
            self._spend(stream, 5)

    def run(self):
        """Sends what the server lets in, until it lets nothing in for a while or ends the connection.

        gRPC ends it by its age, or sooner when its quota is used up: it resets streams, and a connection without any ends.
        """
        self.client.socket.settimeout(0.5)
        try:
            while any(self.left.values()):
                if not self._send_some():
                    self._receive()
        except TimeoutError:
            pass
        self.client.socket.settimeout(PATIENCE_SECONDS)

    def _spend(self, stream, size):
        self.left[stream] -= size
        self.windows[stream] -= size
        self.windows[0] -= size

    def _send_some(self):
        sent = False
        for stream in self.left:
            size = min(16_384, self.left[stream], self.windows[stream], self.windows[0])
            if size > 0:
                if not self.client.send_what_is_taken(frame(DATA, 0, stream, bytes(size))):
                    raise TimeoutError
                self._spend(stream, size)
                sent = True
        return sent

    def _receive(self):
        received = self.client.read_frame()
        if received is None:
            raise TimeoutError
        if received.type == WINDOW_UPDATE and received.stream in self.windows:
            self.windows[received.stream] += int.from_bytes(received.payload, "big")
        elif received.type == SETTINGS and not received.flags & ACK:
            self.client.send_what_is_taken(frame(SETTINGS, ACK))
            self._adopt(received.payload)
        elif received.type == PING and not received.flags & ACK:
            self.client.send_what_is_taken(frame(PING, ACK, 0, received.payload))
        elif received.type == RST_STREAM:
            self.resets.add(received.error())
            self.left.pop(received.stream, None)

    def _adopt(self, settings):
        for begin in range(0, len(settings), 6):
            number, value = int.from_bytes(settings[begin:begin + 2], "big"), settings[begin + 2:begin + 6]
            if number == 4:
                grown = int.from_bytes(value, "big") - self.initial_window
                self.initial_window += grown
                for stream in self.left:
                    self.windows[stream] += grown


def test_bodies_that_stop_short_are_bounded_by_the_quota_and_end_with_the_connections_age(make_server):
    quota, size = 32 * MIB, 8 * MIB
    server = make_server("--memory-quota=32MiB", "--max-connection-age=2s", "--max-connection-age-grace=1s")
    server.start().await_ready()
    before, _ = memory_of(server)
    with Client(server.address) as client:
        upload = Upload(client, range(1, 41, 2), size, 64 << 10)  # 160 MiB, if it is let in
        upload.run()
        assert upload.resets <= {NO_ERROR, ENHANCE_YOUR_CALM}
        assert memory_of(server)[1] - before < 2 * quota
        client.read_to_the_end()
    assert_serves(server)
