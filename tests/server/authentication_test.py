"""Who may call, from outside: tokens and client certificates against the list of --clients."""
import collections
import contextlib
import hashlib
import signal

import grpc
import pytest

from certificates import Authority
from server_process import PATIENCE_SECONDS, PICTURE, SERVING, await_true, run

OK = (grpc.StatusCode.OK, None)
UNAUTHENTICATED = (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")
PERMISSION_DENIED = (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED")


def line_for(name, token):
    return f"{name} token {hashlib.sha256(token.encode()).hexdigest()}\n"


@pytest.fixture
def clients(tmp_path):
    file = tmp_path / "clients"
    file.write_text("# Two labs.\n" + line_for("lab-a", "token-a") + line_for("lab-b", "token-b"))
    return file


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def ended(stream):
    """The stream, once its answers are taken: before that it has no status."""
    with contextlib.suppress(grpc.RpcError):
        collections.deque(stream, maxlen=0)
    return stream


def method_of(server, name):
    """The request and the method, as a function that returns a call."""
    grounding = server.protos.grounding
    request, response = {
        "Ground": (grounding.GroundRequest(expressions=["the red ship"]), grounding.GroundResponse),
        "GroundStream": (grounding.GroundStreamRequest(), grounding.GroundStreamResponse),
        "GetModel": (grounding.GetModelRequest(), grounding.GetModelResponse),
    }[name]
    if name == "Ground":
        request.image.encoded = PICTURE
    path = f"/lqvg.v1.GroundingService/{name}"
    if name == "GroundStream":
        stream = server.channel.stream_stream(path, type(request).SerializeToString, response.FromString)
        return lambda metadata: ended(stream(iter([request]), metadata=metadata, timeout=PATIENCE_SECONDS))
    call = server.call(path, request, response)
    return lambda metadata: call.future(request, metadata=metadata, timeout=PATIENCE_SECONDS)


def outcome(server, token=None, method="Ground"):
    """(status code, reason) of a call with that token."""
    call = method_of(server, method)([("authorization", f"Bearer {token}")] if token else [])
    return OK if call.code() == grpc.StatusCode.OK else server.reason_of(call)


def test_without_a_list_everybody_may_call(make_server):
    server = make_server().start().await_ready()
    assert outcome(server) == OK
    assert outcome(server, "whatever") == OK


def test_a_known_token_may_call_and_its_name_is_in_the_log(make_server, clients):
    server = make_server(f"--clients={clients}", "--log-level=debug").start().await_ready()
    assert outcome(server, "token-a") == outcome(server, "token-b") == OK
    server.find(r"(call method=Ground code=OK .*client=lab-a)")
    server.find(r"(call method=Ground code=OK .*client=lab-b)")
    assert "token-a" not in server.log()


@pytest.mark.parametrize("method", ["Ground", "GroundStream", "GetModel"])
def test_every_method_needs_a_known_token(make_server, clients, method):
    server = make_server(f"--clients={clients}").start().await_ready()
    assert outcome(server, None, method) == UNAUTHENTICATED
    assert outcome(server, "wrong", method) == UNAUTHENTICATED
    assert outcome(server, "token-a", method) == OK
    metric = f'lqvg_requests_total{{code="UNAUTHENTICATED",method="{method}",reason="UNAUTHENTICATED"}} 2'
    await_true(lambda: metric in server.scrape(), metric)


def test_a_refusal_is_as_the_contract_says(make_server, clients):
    server = make_server(f"--clients={clients}").start().await_ready()
    error = method_of(server, "Ground")([("x-request-id", "mine")]).exception(PATIENCE_SECONDS)
    trailers = dict(error.trailing_metadata())
    status = server.protos.status.Status.FromString(trailers["grpc-status-details-bin"])
    info = server.protos.details.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (status.code, info.reason, info.domain) == (16, "UNAUTHENTICATED", "lqvg")
    assert trailers["x-request-id"] == "mine"
    assert error.initial_metadata() == ()


def test_who_calls_is_asked_before_the_request_is_read(make_server, clients):
    server = make_server(f"--clients={clients}").start().await_ready()
    ground = server.channel.unary_unary("/lqvg.v1.GroundingService/Ground", lambda raw: raw, lambda raw: raw)
    assert server.reason_of(ground.future(b"\xff\xff", timeout=PATIENCE_SECONDS)) == UNAUTHENTICATED


def test_health_stays_open(make_server, clients):
    server = make_server(f"--clients={clients}").start().await_ready()
    assert server.health() == server.health("lqvg.liveness") == SERVING


def test_sighup_reads_the_list_again(make_server, clients):
    server = make_server(f"--clients={clients}").start().await_ready()
    clients.write_text(line_for("lab-c", "token-c"))
    assert outcome(server, "token-c") == UNAUTHENTICATED
    server.send(signal.SIGHUP)
    await_true(lambda: outcome(server, "token-c") == OK, "the new list")
    assert outcome(server, "token-a") == UNAUTHENTICATED


def test_a_broken_new_list_keeps_the_old_one_and_names_the_line(make_server, clients):
    server = make_server(f"--clients={clients}").start().await_ready()
    clients.write_text(line_for("lab-c", "token-c") + "lab-d token token-d\n")
    server.send(signal.SIGHUP)
    server.find(r"error .*(clients: line 2: a token is given by the 64 hexadecimal digits)")
    assert outcome(server, "token-a") == OK
    assert outcome(server, "token-c") == UNAUTHENTICATED
    assert "token-d" not in server.log()


@pytest.mark.parametrize("text,words", [
    ("lab-a token token-a\n", "clients: line 1: a token is given by"),
    ("lab-a certificate lab-a\n", "clients: names clients by certificate, and without --tls-client-ca"),
    ("", "clients: names no client"),
    ("#" * (1 << 20) + "\n", "clients: is longer than 1048576 bytes"),
    (None, "clients: No such file"),
])
def test_a_wrong_list_ends_with_2_and_says_why(tmp_path, text, words):
    file = tmp_path / "clients"
    if text is not None:
        file.write_text(text)
    result = run(f"--clients={file}")
    assert result.returncode == 2
    assert words in result.stderr
    assert "token-a" not in result.stderr


def test_tokens_in_plaintext_beyond_loopback_need_insecure(clients):
    result = run(f"--clients={clients}", "--listen=0.0.0.0:0")
    assert result.returncode == 2
    assert "tokens too" in result.stderr and "--insecure" in result.stderr


def test_a_client_certificate_is_known_by_its_names_or_denied(make_server, authority, tmp_path):
    clients = tmp_path / "clients"
    clients.write_text("by-common-name certificate caller one\n"
                       "by-uri certificate spiffe://site/caller-two\n"
                       "by-dns certificate three.example\n" + line_for("by-token", "token-a"))
    server = make_server(f"--clients={clients}", f"--tls-client-ca={authority.certificate}", "--log-level=debug",
                         *authority.issue("server").flags()).start().await_ready()

    def show(name, alternative_names):
        mine = authority.issue(name, alternative_names)
        server.channel = grpc.secure_channel(server.address, grpc.ssl_channel_credentials(
            authority.certificate.read_bytes(), mine.key.read_bytes(), mine.certificate.read_bytes()))

    for name, alternative_names, client in [
            ("caller one", "", "by-common-name"), ("two", "URI:spiffe://site/caller-two", "by-uri"),
            ("three", "DNS:other.example,DNS:three.example", "by-dns")]:
        show(name, alternative_names)
        assert outcome(server) == OK, name
        server.find(f"(code=OK .*client={client})")
    show("nobody", "DNS:nobody.example")
    assert outcome(server) == PERMISSION_DENIED
    assert outcome(server, "token-a") == OK
    assert outcome(server, "wrong") == UNAUTHENTICATED
    assert server.health() == SERVING
