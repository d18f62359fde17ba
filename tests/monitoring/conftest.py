"""A real server around the fake model, watched by a real Prometheus out of .deps/prometheus."""
import json
import subprocess
import sys
import urllib.parse
import urllib.request

import grpc
import pytest

from server_process import (NO_CACHES, PATIENCE_SECONDS, ROOT, LoggedProcess, await_true, environment_without_settings,
                            server_command)

PROMETHEUS = ROOT / ".deps" / "prometheus" / "usr" / "bin"
MONITORING = ROOT / "deploy" / "monitoring"


class Server(LoggedProcess):
    """lqvg-fake-server; while the FIFO `gate` exists, its model stops before each batch."""

    def __init__(self, wire, folder, flags):
        self.wire = wire
        self.gate = folder / "gate"
        super().__init__(server_command("lqvg-fake-server", *NO_CACHES, *flags), folder / "log",
                         env=environment_without_settings(FAKE_GROUND_GATE=str(self.gate)))

    def await_ready(self):
        self.find("(ready: )")
        (self.address,) = self.find(r"gRPC listens on (\S+:\d+)")
        (self.metrics_address,) = self.find(r"metrics at http://(\S+)/metrics")
        self.channel = grpc.insecure_channel(self.address)

    def request(self, *expressions, **fields):
        request = self.wire.GroundRequest(expressions=expressions, **fields)
        if not request.HasField("image"):
            request.image.encoded = (ROOT / "docs" / "demo" / "scene.png").read_bytes()
        return request

    def call(self, method, request, timeout=PATIENCE_SECONDS, metadata=()):
        """Begins a call with the bytes or the message `request`; its future."""
        data = request if isinstance(request, bytes) else request.SerializeToString()
        unary = self.channel.unary_unary(f"/lqvg.v1.GroundingService/{method}")
        return unary.future(data, timeout=timeout, metadata=metadata)

    def scrape(self):
        url = f"http://{self.metrics_address}/metrics"
        return urllib.request.urlopen(url, timeout=PATIENCE_SECONDS).read().decode()


class Prometheus(LoggedProcess):
    """Scrapes one server five times a second, with the shipped rules."""

    def __init__(self, folder, target, rules):
        config = (MONITORING / "prometheus.yml").read_text()
        for shipped, here in (("15s", "200ms"), ("lqvg-server:9464", target)):
            assert shipped in config
            config = config.replace(shipped, here)
        (folder / "prometheus.yml").write_text(config)
        (folder / "alerts.yaml").write_text(rules)
        super().__init__([PROMETHEUS / "prometheus", f"--config.file={folder / 'prometheus.yml'}",
                          f"--storage.tsdb.path={folder / 'data'}", "--web.listen-address=127.0.0.1:0"], folder / "log")

    def await_ready(self):
        (self.address,) = self.find(r'Listening on" address=(\S+)')
        self.find(r'msg="(Server is ready to receive web requests)')
        await_true(lambda: self.query("up"), "the first scrape")

    def get(self, path, **parameters):
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            answer = json.load(urllib.request.urlopen(url, timeout=PATIENCE_SECONDS))
        except urllib.error.HTTPError as error:  # a query that does not parse is a 400 that says why
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error
        return answer["data"]

    def query(self, expression):
        """[(labels, value)] of an instant query."""
        samples = self.get("query", query=expression)["result"]
        return [(sample["metric"], float(sample["value"][1])) for sample in samples]

    def await_sample(self, expression):
        return await_true(lambda: self.query(expression), expression)

    def firing(self):
        return {alert["labels"]["alertname"] for alert in self.get("alerts")["alerts"] if alert["state"] == "firing"}


@pytest.fixture(scope="session")
def wire(tmp_path_factory):
    """The contract's messages."""
    out = tmp_path_factory.mktemp("stubs")
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}", f"--python_out={out}",
                    "lqvg/v1/grounding.proto", "google/rpc/status.proto"], check=True)
    # `google` is a namespace that protobuf's own package may have taken: then it finds ours behind its own.
    sys.path.append(str(out))
    import google.rpc
    google.rpc.__path__.append(str(out / "google" / "rpc"))
    from lqvg.v1 import grounding_pb2
    yield grounding_pb2
    sys.path.remove(str(out))


@pytest.fixture(scope="module")
def start(wire, tmp_path_factory):
    """start.server(*flags), start.prometheus(server, rules)."""
    started = []

    def await_ready(process):
        started.append(process.start())  # first: one that does not become ready is ended, too
        process.await_ready()
        return process

    class Start:
        @staticmethod
        def server(*flags):
            return await_ready(Server(wire, tmp_path_factory.mktemp("server"), flags))

        @staticmethod
        def prometheus(server, rules):
            return await_ready(Prometheus(tmp_path_factory.mktemp("prometheus"), server.metrics_address, rules))

    yield Start
    for process in started:
        process.kill()
