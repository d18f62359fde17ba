"""Many connections, and the end of a server that cannot accept any more.

Who runs out of file descriptors ends with exit code 70, so that something else starts a server that accepts again.
"""
import re
import resource
import socket
import time

import grpc
import pytest

from certificates import Authority
from raw_http2 import PREFACE
from server_process import GOOD_CALL_SECONDS, PATIENCE_SECONDS, SERVING, assert_serves, await_true

TLS_BEGINNING = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  # of a ClientHello of 512 bytes


@pytest.fixture
def many_files():
    """Lets this process have thousands of connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8_192, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def open_connections(server, count, sent=b""):
    host, port = server.address.rsplit(":", 1)
    connections = []
    for _ in range(count):
        connections.append(socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS))
        connections[-1].sendall(sent)
    return connections


def is_ended(connection):
    """Whether the server has ended it; reads what came before that."""
    connection.settimeout(0)
    try:
        while connection.recv(1 << 16):
            pass
        return True
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_connections_that_stay_half_open_hold_nobody_up_and_are_ended(make_server, many_files, tmp_path):
    plaintext = make_server().start().await_ready()
    over_tls = make_server(*Authority(tmp_path).issue("server").flags()).start().await_ready()
    connections = (open_connections(plaintext, 1_000) + open_connections(plaintext, 1_000, PREFACE[:10]) +
                   open_connections(over_tls, 100) + open_connections(over_tls, 100, TLS_BEGINNING))
    assert_serves(plaintext)
    # The handshake timeout is 10 s.
    await_true(lambda: all(is_ended(connection) for connection in connections), "every connection was ended")
    assert_serves(plaintext)
    for connection in connections:
        connection.close()


def authority_channel(server, authority):
    credentials = grpc.ssl_channel_credentials(authority.certificate.read_bytes())
    return grpc.secure_channel(server.address, credentials)


def test_many_slow_tls_handshakes_hold_nobody_up(make_server, many_files, tmp_path):
    authority = Authority(tmp_path)
    server = make_server(*authority.issue("server").flags()).start().await_ready()
    connections = open_connections(server, 500, TLS_BEGINNING)
    server.channel = authority_channel(server, authority)
    assert len(server.ground().result(GOOD_CALL_SECONDS).results) == 1
    for connection in connections:
        connection.close()


def exhaust_files(server):
    """Makes the library fail to accept, and gives every descriptor back."""
    connections = open_connections(server, 200)
    server.find(r"(Failed accept4)")
    for connection in connections:
        connection.close()


def few_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def test_a_server_that_ran_out_of_files_ends_with_70_within_20_seconds(make_server):
    server = make_server(preexec_fn=few_files).start().await_ready()
    assert server.health() == SERVING
    exhaust_files(server)
    assert len(server.ground().result().results) == 1, "on the connection from before"
    assert server.exit_code(20) == 70
    assert re.search("error .*no connection is accepted any more", server.log())


def test_a_server_that_ran_out_of_files_is_not_live_while_it_finishes_its_calls(make_server):
    server = make_server("--accept-probe-interval=500ms", preexec_fn=few_files).start().await_ready()
    server.gates["ground"].close()
    inside = server.ground()
    server.gates["ground"].await_arrival()
    exhaust_files(server)
    await_true(lambda: server.health("lqvg.liveness") != SERVING, "liveness NOT_SERVING")
    server.gates["ground"].open()
    assert len(inside.result().results) == 1
    assert server.exit_code() == 70


def test_a_tls_server_on_every_address_that_ran_out_of_files_ends_with_70(make_server, tmp_path):
    server = make_server("--listen=0.0.0.0:0", "--accept-probe-interval=500ms",
                         *Authority(tmp_path).issue("server").flags(), preexec_fn=few_files).start().await_ready()
    server.address = server.address.replace("0.0.0.0", "127.0.0.1")
    exhaust_files(server)
    assert server.exit_code() == 70


@pytest.mark.parametrize("tls", [False, True])
def test_the_probe_neither_ends_nor_disturbs_a_server_at_its_limits(make_server, tmp_path, tls):
    authority = Authority(tmp_path)
    identity = authority.issue("server")
    server = make_server("--accept-probe-interval=400ms", "--max-concurrent-streams=1", "--log-level=debug",
                         *(identity.flags() if tls else [])).start().await_ready()
    if tls:
        server.channel = authority_channel(server, authority)
    server.gates["ground"].close()
    inside = server.ground()
    server.gates["ground"].await_arrival()
    connections = open_connections(server, 200)
    time.sleep(2)  # five probes, of which nothing is to be seen
    server.gates["ground"].open()
    assert len(inside.result().results) == 1
    assert server.process.poll() is None
    for connection in connections:
        connection.close()
    assert not re.search(" (warning|error) ", server.log()), server.log()
