"""`lqvg` with TLS, client certificates and tokens: whom it trusts, how it is trusted, what it refuses to send."""
import grpc
import pytest

from certificates import Authority

SERVER_NAME = "ground.example"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server_identity(authority):
    return authority.issue("server", f"DNS:{SERVER_NAME}")


@pytest.fixture(scope="module")
def client_identity(authority):
    return authority.issue("client", alternative_names="")


@pytest.fixture(params=["server's certificate", "both certificates"])
def tls_server(request, make_server, authority, server_identity):
    """A server that shows a certificate, and in the second case asks for one."""
    pair = [(server_identity.key.read_bytes(), server_identity.certificate.read_bytes())]
    mutual = request.param == "both certificates"
    roots = authority.certificate.read_bytes() if mutual else None
    scripted = make_server(grpc.ssl_server_credentials(pair, roots, require_client_auth=mutual))
    scripted.mutual = mutual
    return scripted


def trusting(authority):
    return "--cacert", authority.certificate, "--server-name", SERVER_NAME


def showing(identity):
    return "--cert", identity.certificate, "--key", identity.key


def test_reaches_a_server_whose_certificate_it_can_check(lqvg, tls_server, authority, client_identity):
    own = showing(client_identity) if tls_server.mutual else ()
    code, out, err = lqvg("health", "--server", tls_server.address, *trusting(authority), *own)
    assert (code, out, err) == (0, "SERVING\n", "")


def test_takes_files_from_the_environment(lqvg, tls_server, authority, client_identity):
    variables = {"LQVG_SERVER": tls_server.address, "LQVG_SERVER_NAME": SERVER_NAME,
                 "LQVG_CACERT": str(authority.certificate), "LQVG_CERT": str(client_identity.certificate),
                 "LQVG_KEY": str(client_identity.key)}
    assert lqvg("health", **variables)[:2] == (0, "SERVING\n")


@pytest.mark.parametrize("flags", [("--tls",), ("--tls", "--server-name", SERVER_NAME), ()],
                         ids=["unknown authority", "unknown authority, right name", "plaintext"])
def test_does_not_trust_any_server(lqvg, tls_server, flags):
    code, out, _ = lqvg("health", "--server", tls_server.address, *flags, "--timeout", "3s")
    assert code in (4, 5) and out == ""


def test_does_not_trust_a_certificate_of_another_name(lqvg, tls_server, authority, client_identity):
    code, out, _ = lqvg("health", "--server", tls_server.address, "--cacert", authority.certificate,
                        "--server-name", "other.example", "--timeout", "3s", *showing(client_identity))
    assert code in (4, 5) and out == ""


def test_is_not_let_in_without_the_certificate_that_is_asked_for(lqvg, tls_server, authority):
    code, _, _ = lqvg("health", "--server", tls_server.address, *trusting(authority), "--timeout", "3s")
    assert code == (4 if tls_server.mutual else 0)


def test_sends_its_token_with_each_call(lqvg, server, tmp_path):
    (tmp_path / "token").write_text("secret-7\n")
    (tmp_path / "port.png").write_bytes(b"any bytes")
    assert lqvg("ground", "port.png", "a ship", "--token-file", "token")[0] == 0
    assert server.metadata["authorization"] == "Bearer secret-7"
    assert lqvg("ground", "port.png", "a ship", LQVG_TOKEN_FILE="token")[0] == 0
    assert server.metadata["authorization"] == "Bearer secret-7"


def test_sends_no_token_over_a_network_in_plaintext(lqvg, tmp_path):
    (tmp_path / "token").write_text("secret-7")
    code, _, err = lqvg("health", "--server", "192.0.2.1:50051", "--token-file", "token")
    assert code == 2 and "192.0.2.1:50051 in plaintext" in err and "secret-7" not in err


@pytest.mark.parametrize("content, words", [
    (None, "cannot be read"), (b"", "is empty"), (b"x" * (2 << 20), "more than 1048576"),
    (b"two words", "printable ASCII")], ids=["missing", "empty", "large", "two words"])
def test_says_what_is_wrong_with_a_token_file(lqvg, tmp_path, content, words):
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    code, _, err = lqvg("health", "--token-file", "token")
    assert code == 2 and words in err


def test_a_certificate_needs_its_key(lqvg, client_identity):
    code, _, err = lqvg("health", "--cert", client_identity.certificate)
    assert code == 2 and "its private key go together" in err
