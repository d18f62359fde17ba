"""TLS and mutual TLS of both clients, against a server of gRPC's with a certificate made here."""
import asyncio
import concurrent.futures
import subprocess

import grpc
import pytest

import lqvg
import lqvg.aio

SERVING = b"\x08\x01"  # of grpc.health.v1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A folder with key.pem and certificate.pem, self-signed, of "lqvg.test"."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=lqvg.test", "-addext", "subjectAltName=DNS:lqvg.test",
                    "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"], check=True, capture_output=True)
    return folder


@pytest.fixture(params=[False, True], ids=["TLS", "mutual TLS"])
def tls_server(request, certificate):
    """(address, whether it asks for a client's certificate) of a server that only tells its health."""
    key, chain = ((certificate / name).read_bytes() for name in ("key.pem", "certificate.pem"))
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
        "grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(lambda *_: SERVING)}),))
    credentials = grpc.ssl_server_credentials([(key, chain)], chain, require_client_auth=request.param)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    yield f"127.0.0.1:{port}", request.param
    server.stop(None).wait()


def ask_blocking(address, tls):
    with lqvg.Client(address, tls=tls) as client:
        return client.health()


def ask_asyncio(address, tls):

    async def ask():
        async with lqvg.aio.Client(address, tls=tls) as client:
            return await client.health()

    return asyncio.run(ask())


@pytest.mark.parametrize("ask", [ask_blocking, ask_asyncio])
def test_tls_with_and_without_a_clients_certificate(tls_server, certificate, ask):
    address, mutual = tls_server
    chain, key = certificate / "certificate.pem", certificate / "key.pem"
    with_identity = lqvg.Tls(chain.read_bytes(), client_certificate=str(chain), client_key=key, server_name="lqvg.test")
    assert ask(address, with_identity) is lqvg.Health.SERVING
    without = lqvg.Tls(chain, server_name="lqvg.test")
    if mutual:
        with pytest.raises(lqvg.Unavailable):
            ask(address, without)
    else:
        assert ask(address, without) is lqvg.Health.SERVING


def test_an_unknown_certificate_is_not_trusted(tls_server):
    with pytest.raises(lqvg.Unavailable):
        ask_blocking(tls_server[0], lqvg.Tls(server_name="lqvg.test"))


def test_a_certificate_of_another_name_is_not_trusted(tls_server, certificate):
    with pytest.raises(lqvg.Unavailable):
        ask_blocking(tls_server[0], lqvg.Tls(certificate / "certificate.pem"))


def test_a_file_that_cannot_be_read_is_an_oserror(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.pem"):
        lqvg.Client(tls=lqvg.Tls(tmp_path / "nowhere.pem"))


def test_half_an_identity_is_refused():
    with pytest.raises(ValueError, match="belong together"):
        lqvg.Client(tls=lqvg.Tls(client_key=b"key"))
