"""TLS and client certificates on the gRPC port, from outside: handshakes, reload on SIGHUP, faults in the files."""
import shutil
import signal
import socket
import ssl
import subprocess

import grpc
import pytest

from certificates import Authority, Identity
from server_process import PATIENCE_SECONDS, ROOT, SERVING, await_true, run


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def strangers(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("strangers"), "strangers")


@pytest.fixture(scope="module")
def first(authority):
    return authority.issue("first")


@pytest.fixture(scope="module")
def second(authority):
    return authority.issue("second")


@pytest.fixture(scope="module")
def client(authority):
    return authority.issue("client", alternative_names="")


def secure_channel(server, authority, client=None):
    credentials = grpc.ssl_channel_credentials(authority.certificate.read_bytes(),
                                               client and client.key.read_bytes(),
                                               client and client.certificate.read_bytes())
    return grpc.secure_channel(server.address, credentials)


def context_for(authority, client=None):
    context = ssl.create_default_context(cafile=authority.certificate)
    context.check_hostname = False
    context.set_alpn_protocols(["h2"])
    if client:
        context.load_cert_chain(client.certificate, client.key)
    return context


def shake_hands(server, context):
    """A TLS connection to the server."""
    host, port = server.address.rsplit(":", 1)
    return context.wrap_socket(socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS))


def name_shown(server, authority, client=None):
    """The common name in the certificate that a new handshake shows."""
    with shake_hands(server, context_for(authority, client)) as connection:
        return dict(pair for (pair,) in connection.getpeercert()["subject"])["commonName"]


def code_of(server, channel):
    server.channel = channel
    try:
        server.health()
        return grpc.StatusCode.OK
    except grpc.RpcError as error:
        return error.code()


class Files:
    """A server's certificate and key at fixed paths, replaced as Kubernetes does it: a link to a folder is turned."""

    def __init__(self, folder, identity):
        self.folder = folder / "files"
        self.folder.mkdir()
        self.count = 0
        self.replace(identity.certificate, identity.key)

    def replace(self, certificate, key):
        self.count += 1
        version = self.folder / f"version{self.count}"
        version.mkdir()
        shutil.copy(certificate, version / "tls.crt")
        shutil.copy(key, version / "tls.key")
        link = self.folder / "next"
        link.symlink_to(version)
        link.rename(self.folder / "now")

    @property
    def identity(self):
        return Identity(self.folder / "now" / "tls.crt", self.folder / "now" / "tls.key")


# --- Handshakes ---


def test_calls_are_answered_over_tls(make_server, authority, first):
    server = make_server(*first.flags()).start().await_ready()
    server.channel = secure_channel(server, authority)
    assert len(server.ground().result().results) == 1
    assert server.health() == SERVING
    with shake_hands(server, context_for(authority)) as connection:
        assert connection.selected_alpn_protocol() == "h2"
        assert connection.version() == "TLSv1.3"


def test_plaintext_is_not_answered(make_server, first):
    server = make_server(*first.flags()).start().await_ready()
    assert code_of(server, grpc.insecure_channel(server.address)) == grpc.StatusCode.UNAVAILABLE


def test_addresses_beyond_loopback_need_nothing_more_than_tls(make_server, authority, first):
    server = make_server("--listen=0.0.0.0:0", *first.flags()).start().await_ready()
    server.address = server.address.replace("0.0.0.0", "127.0.0.1")
    server.channel = secure_channel(server, authority)
    assert server.health() == SERVING


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_versions_before_tls_1_2_are_refused(make_server, authority, first):
    server = make_server(*first.flags()).start().await_ready()
    context = context_for(authority)
    context.set_ciphers("ALL:@SECLEVEL=0")  # with which this client itself would go on
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match="EOF"):
        shake_hands(server, context)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert shake_hands(server, context).version() == "TLSv1.2"


def test_a_client_with_a_certificate_of_the_ca_is_served(make_server, authority, first, client):
    server = make_server(*first.flags(), f"--tls-client-ca={authority.certificate}").start().await_ready()
    server.channel = secure_channel(server, authority, client)
    assert len(server.ground().result().results) == 1


def test_probes_without_tls_have_a_port_of_their_own(make_server, authority, first):
    flags = (*first.flags(), f"--tls-client-ca={authority.certificate}", "--health-listen=127.0.0.1:0")
    server = make_server(*flags).start().await_ready()
    (address,) = server.find(r"health alone, in plaintext, on (\S+)")
    server.channel = grpc.insecure_channel(address)
    assert server.health() == server.health("lqvg.liveness") == SERVING
    assert server.ground().exception(timeout=PATIENCE_SECONDS).code() == grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("who", ["nobody", "stranger", "expired"])
def test_a_client_without_a_sound_certificate_is_refused(make_server, authority, strangers, first, who):
    server = make_server(*first.flags(), f"--tls-client-ca={authority.certificate}").start().await_ready()
    certificate = {"nobody": lambda: None, "stranger": lambda: strangers.issue("client"),
                   "expired": lambda: authority.issue("expired", days=-1)}[who]()
    assert code_of(server, secure_channel(server, authority, certificate)) == grpc.StatusCode.UNAVAILABLE


# --- Reload ---


def test_sighup_shows_the_new_certificate_and_keeps_connections(make_server, authority, tmp_path, first, second):
    files = Files(tmp_path, first)
    server = make_server(*files.identity.flags()).start().await_ready()
    server.channel = secure_channel(server, authority)
    assert server.health() == SERVING
    assert name_shown(server, authority) == "first"
    files.replace(second.certificate, second.key)
    assert name_shown(server, authority) == "first", "nobody has said that the files are complete"
    server.send(signal.SIGHUP)
    await_true(lambda: name_shown(server, authority) == "second", "the new certificate")
    states = []
    server.channel.subscribe(states.append)
    assert server.health() == SERVING
    assert set(states) <= {grpc.ChannelConnectivity.READY}, "the connection from before was kept"


def test_sighup_reads_the_client_ca_again(make_server, authority, strangers, tmp_path, first, client):
    file = tmp_path / "ca.pem"
    shutil.copy(authority.certificate, file)
    server = make_server(*first.flags(), f"--tls-client-ca={file}").start().await_ready()
    stranger = strangers.issue("stranger")
    assert code_of(server, secure_channel(server, authority, stranger)) == grpc.StatusCode.UNAVAILABLE
    shutil.copy(strangers.certificate, file)
    server.send(signal.SIGHUP)
    server.find(r"SIGHUP(.|\n)*(TLS certificate loaded)")
    assert code_of(server, secure_channel(server, authority, stranger)) == grpc.StatusCode.OK
    assert code_of(server, secure_channel(server, authority, client)) == grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("fault,words", [
    (lambda files, other: files.replace(other.certificate, files.identity.key), "tls.key: is not the key of"),
    (lambda files, other: files.replace("/dev/null", other.key), "tls.crt: holds no certificate in PEM"),
    (lambda files, other: files.identity.key.unlink(), "tls.key: No such file"),
])
def test_a_broken_new_file_keeps_the_old_one_and_is_named(make_server, authority, tmp_path, first, second, fault,
                                                          words):
    files = Files(tmp_path, first)
    server = make_server(*files.identity.flags()).start().await_ready()
    fault(files, second)
    server.send(signal.SIGHUP)
    server.find(f"error .*({words})")
    assert name_shown(server, authority) == "first"
    files.replace(second.certificate, second.key)
    server.send(signal.SIGHUP)
    await_true(lambda: name_shown(server, authority) == "second", "the repaired certificate")


# --- Faults at the start ---


def truncated(path, folder):
    file = folder / f"truncated-{path.name}"
    file.write_text(path.read_text()[:-80])
    return file


@pytest.mark.parametrize("make_flags,words", [
    (lambda first, second, folder: [f"--tls-cert={first.certificate}"], "--tls-cert and --tls-key belong together"),
    (lambda first, second, folder: [f"--tls-key={first.key}"], "--tls-cert and --tls-key belong together"),
    (lambda first, second, folder: [f"--tls-client-ca={first.certificate}"], "--tls-client-ca needs --tls-cert"),
    (lambda first, second, folder: [*first.flags(), "--insecure"], "--insecure"),
    (lambda first, second, folder: Identity(folder / "none.pem", first.key).flags(), "none.pem: No such file"),
    (lambda first, second, folder: Identity(folder, first.key).flags(), ": Is a directory"),
    (lambda first, second, folder: Identity(first.certificate, second.key).flags(),
     "second.key: is not the key of the certificate in"),
    (lambda first, second, folder: Identity(first.key, first.key).flags(), "first.key: holds no certificate in PEM"),
    (lambda first, second, folder: Identity(first.certificate, first.certificate).flags(),
     "first.pem: holds no private key in PEM"),
    (lambda first, second, folder: Identity(truncated(first.certificate, folder), first.key).flags(),
     "truncated-first.pem: holds a broken certificate"),
    (lambda first, second, folder: [*first.flags(), f"--tls-client-ca={first.key}"],
     "first.key: holds no certificate in PEM"),
])
def test_a_wrong_configuration_ends_with_2_and_names_the_file(first, second, tmp_path, make_flags, words):
    result = run(*make_flags(first, second, tmp_path))
    assert result.returncode == 2
    assert words in result.stderr
    assert "PRIVATE KEY" not in result.stderr


def test_a_key_that_is_too_weak_for_openssl_is_refused(authority):
    result = run(*authority.issue("weak", key="weak").flags())
    assert result.returncode == 2
    assert "weak.pem: the certificate cannot be used: ee key too small" in result.stderr


def test_an_encrypted_key_is_refused_without_asking_for_its_passphrase(first, tmp_path):
    key = tmp_path / "encrypted.key"
    subprocess.run(["openssl", "pkey", "-in", first.key, "-aes256", "-passout", "pass:secret", "-out", key], check=True)
    result = run(*Identity(first.certificate, key).flags())
    assert result.returncode == 2
    assert "encrypted.key: holds no private key in PEM without passphrase" in result.stderr


def test_check_reads_the_files_too(first, tmp_path):
    model = f"--model={ROOT / 'models' / 'demo'}"
    assert run("--check", model, *first.flags()).returncode == 0
    assert run("--check", model, *Identity(tmp_path / "none.pem", first.key).flags()).returncode == 2


def test_an_expired_certificate_is_a_warning(make_server, authority):
    server = make_server(*authority.issue("old", days=-1).flags()).start().await_ready()
    server.find(r"warning .*(the TLS certificate has expired)")
