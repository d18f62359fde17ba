"""`lqvg` with TLS, client certificates and tokens: whom it trusts, how it is trusted, what it refuses to send."""
import subprocess

import grpc
import pytest

SERVER_NAME = "ground.example"


class Certificates:
    """A new certificate authority and what it signs; each as NAME.pem and NAME.key in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self._openssl("req", "-x509", "-subj", "/CN=authority", "-days", "2", *self._new_key("authority"),
                      "-out", self.path("authority.pem"))

    def path(self, name):
        return self.folder / name

    def read(self, name):
        return self.path(name).read_bytes()

    def sign(self, name, alternative_name):
        self._openssl("req", "-subj", f"/CN={name}", *self._new_key(name), "-out", self.path(f"{name}.csr"))
        extensions = self.path(f"{name}.ext")
        extensions.write_text(f"subjectAltName=DNS:{alternative_name}\n")
        self._openssl("x509", "-req", "-in", self.path(f"{name}.csr"), "-days", "2", "-extfile", extensions,
                      "-CA", self.path("authority.pem"), "-CAkey", self.path("authority.key"), "-CAcreateserial",
                      "-out", self.path(f"{name}.pem"))

    def _new_key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.path(f"{name}.key"))

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    made = Certificates(tmp_path_factory.mktemp("certificates"))
    made.sign("server", SERVER_NAME)
    made.sign("client", "client.example")
    return made


@pytest.fixture(params=["server's certificate", "both certificates"])
def tls_server(request, make_server, certificates):
    """A server that shows a certificate, and in the second case asks for one."""
    pair = [(certificates.read("server.key"), certificates.read("server.pem"))]
    mutual = request.param == "both certificates"
    scripted = make_server(grpc.ssl_server_credentials(
        pair, root_certificates=certificates.read("authority.pem") if mutual else None, require_client_auth=mutual))
    scripted.mutual = mutual
    return scripted


def trusting(certificates):
    return "--cacert", certificates.path("authority.pem"), "--server-name", SERVER_NAME


def showing(certificates):
    return "--cert", certificates.path("client.pem"), "--key", certificates.path("client.key")


def test_reaches_a_server_whose_certificate_it_can_check(lqvg, tls_server, certificates):
    own = showing(certificates) if tls_server.mutual else ()
    code, out, err = lqvg("health", "--server", tls_server.address, *trusting(certificates), *own)
    assert (code, out, err) == (0, "SERVING\n", "")


def test_takes_files_from_the_environment(lqvg, tls_server, certificates):
    variables = {"LQVG_SERVER": tls_server.address, "LQVG_SERVER_NAME": SERVER_NAME,
                 "LQVG_CACERT": str(certificates.path("authority.pem")),
                 "LQVG_CERT": str(certificates.path("client.pem")), "LQVG_KEY": str(certificates.path("client.key"))}
    assert lqvg("health", **variables)[:2] == (0, "SERVING\n")


@pytest.mark.parametrize("flags", [("--tls",), ("--tls", "--server-name", SERVER_NAME), ()],
                         ids=["unknown authority", "unknown authority, right name", "plaintext"])
def test_does_not_trust_any_server(lqvg, tls_server, flags):
    code, out, _ = lqvg("health", "--server", tls_server.address, *flags, "--timeout", "3s")
    assert code in (4, 5) and out == ""


def test_does_not_trust_a_certificate_of_another_name(lqvg, tls_server, certificates):
    code, out, _ = lqvg("health", "--server", tls_server.address, "--cacert", certificates.path("authority.pem"),
                        "--server-name", "other.example", "--timeout", "3s", *showing(certificates))
    assert code in (4, 5) and out == ""


def test_is_not_let_in_without_the_certificate_that_is_asked_for(lqvg, tls_server, certificates):
    code, _, _ = lqvg("health", "--server", tls_server.address, *trusting(certificates), "--timeout", "3s")
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


def test_a_certificate_needs_its_key(lqvg, certificates):
    code, _, err = lqvg("health", "--cert", certificates.path("client.pem"))
    assert code == 2 and "its private key go together" in err
