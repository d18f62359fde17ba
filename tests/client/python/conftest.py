"""Servers for the Python client: the real one on models/demo, and the real one around a model that waits.

The scripted one (`server`) and the contract's messages (`messages`) come from the folder above.
"""
import os
import subprocess
import sys
import urllib.request

import pytest

import lqvg
from server_process import (NO_CACHES, PATIENCE_SECONDS, ROOT, Gate, LoggedProcess, environment_without_settings,
                            server_command)


class Server(LoggedProcess):
    """A server's process; `address` and `metrics_url` are where it listens."""

    def __init__(self, name, folder, *flags, **environment):
        super().__init__(server_command(name, "--drain-delay=0s", *flags), folder / "log",
                         env=environment_without_settings(**environment))
        self.start()
        (self.address,) = self.find(r"gRPC listens on (\S+:\d+)")
        (self.metrics_url,) = self.find(r"metrics at (\S+)")


class FakeServer(Server):
    """lqvg-fake-server, whose model waits at `load_gate` when it loads and at `batch_gate` before each batch."""

    def __init__(self, folder, *flags, loads=True):
        self.load_gate, self.batch_gate = Gate(folder / "load"), Gate(folder / "batch")
        if not loads:
            self.load_gate.close()
        super().__init__("lqvg-fake-server", folder, *NO_CACHES, *flags, FAKE_LOAD_GATE=str(self.load_gate.path),
                         FAKE_GROUND_GATE=str(self.batch_gate.path))
        if loads:
            self.find(r"(ready: )")

    def metrics(self):
        return urllib.request.urlopen(self.metrics_url, timeout=PATIENCE_SECONDS).read().decode()


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def scene(root):
    """Path of a picture of 480 x 360 pixels, RGB."""
    return root / "docs" / "demo" / "scene.png"


@pytest.fixture(scope="session")
def demo_server(tmp_path_factory):
    server = Server("lqvg-server", tmp_path_factory.mktemp("demo-server"), *NO_CACHES)
    server.find(r"(ready: )")
    yield server
    server.stop()


@pytest.fixture
def demo(demo_server):
    """A client of the real server on models/demo."""
    with lqvg.Client(demo_server.address, timeout=PATIENCE_SECONDS) as client:
        yield client


@pytest.fixture
def start_fake(tmp_path):
    """start_fake(*flags, loads=True) -> FakeServer; unless `loads`, its model waits at the load gate."""
    started = []

    def start(*flags, **options):
        folder = tmp_path / f"fake-{len(started)}"
        folder.mkdir()
        started.append(FakeServer(folder, *flags, **options))
        return started[-1]

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def client(server):
    """A client of the scripted server (`server`, of the folder above)."""
    with lqvg.Client(server.address) as client:
        yield client


@pytest.fixture
def run_python():
    """run_python(*arguments, **environment): this interpreter, in a process of its own; its stdout."""

    def run(*arguments, cwd=None, **environment):
        done = subprocess.run([sys.executable, *map(str, arguments)], cwd=cwd, env={**os.environ, **environment},
                              capture_output=True, text=True, timeout=10 * PATIENCE_SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
