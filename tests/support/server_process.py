"""Servers as processes: what the tests that start them share.

lqvg-fake-server is the real program around a fake model that stops where a test wants it to.
"""
import errno
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.request

import grpc

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LQVG_BUILD_DIR", ROOT / "build"))
PICTURE = (ROOT / "docs" / "demo" / "scene.png").read_bytes()
PATIENCE_SECONDS = 60  # for what takes milliseconds on an idle machine
# Within which a process that has nothing to wait for is gone; below every delay that a test could mistake it for.
PROMPTLY_SECONDS = 4
GOOD_CALL_SECONDS = 1  # within which a call on a new connection is answered, whatever others do
# So that every call comes to the model's gates, also when it asks what another has asked.
NO_CACHES = ["--image-cache-bytes=0", "--text-cache-bytes=0", "--response-cache-bytes=0"]
STARTING, SERVING = 2, 1  # of grpc.health.v1: NOT_SERVING, SERVING


def await_true(condition, what, seconds=PATIENCE_SECONDS):
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s: {what}")


def has_pending_signals(process):
    """Whether a signal that was sent to it has not arrived."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return any(int(bits, 16) != 0 for bits in re.findall(r"^(?:SigPnd|ShdPnd):\s*(\w+)", status, re.M))


class Gate:
    """A FIFO at which the fake model waits."""

    def __init__(self, path):
        self.path = path

    def close(self):
        os.mkfifo(self.path)

    def await_arrival(self):
        """Returns when the model waits there: a FIFO opens for writing when somebody reads."""

        def try_open():
            try:
                return os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                assert error.errno == errno.ENXIO
                return None

        self.writer = await_true(try_open, f"the model came to {self.path.name}")

    def open(self):
        """For who waits there and for all who come."""
        os.unlink(self.path)
        os.close(self.writer)


def environment_without_settings(**more):
    """This process's environment without what would change how a server behaves."""
    settings = ("LQVG_", "OMP_", "GOMP_", "MALLOC_")
    return {**{key: value for key, value in os.environ.items() if not key.startswith(settings)}, **more}


def server_command(program, *flags):
    """`program` on models/demo at ports that are free; flags that come later hold."""
    path = BUILD / "bin" / program
    assert path.exists(), f"{path} is not built: make build"
    return [str(path), f"--model={ROOT / 'models' / 'demo'}", "--listen=127.0.0.1:0", "--metrics-listen=127.0.0.1:0", *flags]


class LoggedProcess:
    """A program whose log says where it listens and when it is ready. Made first, started later."""

    def __init__(self, command, log_path, **popen):
        self.command, self.log_path, self.popen = command, log_path, popen
        self.process = None

    def start(self):
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, **self.popen)
        return self

    def log(self):
        return self.log_path.read_text(errors="replace")

    def find(self, expression, seconds=PATIENCE_SECONDS):
        """The groups of `expression` in the log, once it is there."""

        def look():
            found = re.search(expression, self.log())
            assert found or self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.log()}"
            return found

        return await_true(look, expression, seconds).groups()

    def send(self, number):
        self.process.send_signal(number)

    def exit_code(self, seconds=PATIENCE_SECONDS):
        return self.process.wait(timeout=seconds)

    def stop(self):
        """Ends it as an operator would, unless it has ended; it must end well, or have."""
        if self.process.poll() is None:
            self.send(signal.SIGTERM)
        assert self.exit_code() == 0, self.log()

    def kill(self):
        """Ends it at once, if it was started and still runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Server(LoggedProcess):
    """lqvg-fake-server with gates, which may be closed before it starts, and calls to it."""

    def __init__(self, protos, folder, flags, environment, **popen):
        self.protos = protos
        self.gates = {name: Gate(folder / name) for name in ("load", "ground", "unload")}
        paths = {f"FAKE_{name.upper()}_GATE": str(gate.path) for name, gate in self.gates.items()}
        super().__init__(server_command("lqvg-fake-server", *NO_CACHES, *flags), folder / "log",
                         env=environment_without_settings(**paths, **environment), **popen)

    def await_listening(self):
        (self.address,) = self.find(r"gRPC listens on (\S+:\d+)")
        (self.metrics_url,) = self.find(r"metrics at (\S+)")
        self.channel = grpc.insecure_channel(self.address)
        return self

    def await_ready(self):
        self.await_listening().find(r"(ready: )")
        return self

    def call(self, method, request, response_type):
        return self.channel.unary_unary(method, type(request).SerializeToString, response_type.FromString)

    def health(self, service=""):
        health = self.protos.health
        request = health.HealthCheckRequest(service=service)
        check = self.call("/grpc.health.v1.Health/Check", request, health.HealthCheckResponse)
        return check(request, timeout=PATIENCE_SECONDS).status

    def ground(self):
        """Begins a Ground call; its future."""
        grounding = self.protos.grounding
        request = grounding.GroundRequest(expressions=["the red ship"])
        request.image.encoded = PICTURE
        ground = self.call("/lqvg.v1.GroundingService/Ground", request, grounding.GroundResponse)
        return ground.future(request, timeout=PATIENCE_SECONDS)

    def reason_of(self, call):
        """(status code, ErrorInfo.reason) of a failed call."""
        error = call.exception(timeout=PATIENCE_SECONDS)
        packed = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
        for detail in self.protos.status.Status.FromString(packed).details:
            info = self.protos.details.ErrorInfo()
            if detail.Unpack(info):
                return error.code(), info.reason
        return error.code(), None

    def scrape(self):
        return urllib.request.urlopen(self.metrics_url, timeout=PATIENCE_SECONDS).read().decode()


def run(*arguments, **environment):
    return subprocess.run([BUILD / "bin" / "lqvg-fake-server", *arguments], capture_output=True, text=True,
                          env=environment_without_settings(**environment), timeout=PATIENCE_SECONDS)


def read_process(server, name):
    return pathlib.Path(f"/proc/{server.process.pid}/{name}").read_text()


def hold_a_batch(server):
    """A Ground call that the model has begun with and does not finish before the gate opens."""
    server.gates["ground"].close()
    call = server.ground()
    server.gates["ground"].await_arrival()
    return call


def assert_serves(server):
    """A call on a new connection is answered."""
    with grpc.insecure_channel(server.address, [("grpc.use_local_subchannel_pool", 1)]) as server.channel:
        assert len(server.ground().result(GOOD_CALL_SECONDS).results) == 1
