"""HTTP/2 by hand: a client that can break every rule, which no library's client can."""
import socket
import struct
from typing import NamedTuple

import hpack

from server_process import PATIENCE_SECONDS

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
NO_ERROR, ENHANCE_YOUR_CALM = 0, 11
INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED = "3", "8", "12"  # of grpc-status


class Frame(NamedTuple):
    type: int
    flags: int
    stream: int
    payload: bytes

    def error(self):
        """The error code of a GOAWAY or RST_STREAM."""
        return struct.unpack(">I", self.payload[4:8] if self.type == GOAWAY else self.payload)[0]


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    """A frame; with `length`, one that lies about its size."""
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def setting(number, value):
    return struct.pack(">HI", number, value)


def message(content=b"", compressed=False, length=None):
    """A gRPC message with its prefix; with `length`, the beginning of a longer one."""
    return struct.pack(">BI", compressed, len(content) if length is None else length) + content


GROUND = "/lqvg.v1.GroundingService/Ground"
REQUEST = {":method": "POST", ":scheme": "http", ":path": GROUND, ":authority": "localhost", "te": "trailers",
           "content-type": "application/grpc"}


def header_block(*fields, **replaced):
    """The headers of a call in HPACK; fields are further (name, value) pairs; path and so on replace REQUEST's."""
    base = {**REQUEST, **{name if name in REQUEST else f":{name}": value for name, value in replaced.items()}}
    return hpack.Encoder().encode([*base.items(), *fields], huffman=False)


def literal(name, value):
    """A header in HPACK that no table remembers."""
    return b"\x00" + _string(name) + _string(value)


def _string(text):
    return hpack.hpack.encode_integer(len(text), 7) + text


def open_stream(stream, block=None, flags=END_HEADERS):
    return frame(HEADERS, flags, stream, header_block() if block is None else block)


class Client:
    """A connection. What blocks for longer than the patience fails."""

    def __init__(self, address, preface=True):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS)
        self.buffer = b""
        if preface:
            self.send(PREFACE, frame(SETTINGS))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *parts):
        self.socket.sendall(b"".join(parts))

    def send_what_is_taken(self, *parts):
        """Sends until the server ends the connection, if it does; whether it took everything."""
        try:
            self.send(*parts)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def finish_sending(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:  # it is closed already
            pass

    def read_frame(self):
        """The next frame; None at the end of the connection."""
        if len(header := self._read(9)) < 9:
            return None
        size = int.from_bytes(header[:3], "big")
        kind, flags, stream = struct.unpack(">BBI", header[3:])
        return Frame(kind, flags, stream, self._read(size))

    def read_until(self, wanted):
        """The first frame of which `wanted` is true."""
        while True:
            received = self.read_frame()
            assert received is not None, "the server ended the connection"
            if wanted(received):
                return received

    def read_to_the_end(self):
        """What the server sends until it ends the connection, as it must within the patience."""
        frames = []
        while received := self.read_frame():
            frames.append(received)
        return frames

    def status_of(self, stream):
        """The grpc-status that ends a stream."""
        decoder = hpack.Decoder()
        while received := self.read_frame():
            if received.type == HEADERS:
                fields = dict(decoder.decode(received.payload, raw=True))
                if received.stream == stream and b"grpc-status" in fields:
                    return fields[b"grpc-status"].decode()
        raise AssertionError("the server ended the connection without a status")

    def _read(self, size):
        while len(self.buffer) < size:
            try:
                received = self.socket.recv(1 << 16)
            except ConnectionResetError:
                received = b""
            if not received:
                return b""
            self.buffer += received
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken
