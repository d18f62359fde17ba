"""The real binaries over a real socket: starts build/bin/lqvg-server, and makes Python stubs as a reader of the README does."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
from typing import NamedTuple

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LQVG_BUILD_DIR", ROOT / "build"))
READY_SECONDS = 120  # what the contract allows a full-size model on two cores


class Server(NamedTuple):
    process: subprocess.Popen
    address: str
    metrics: str
    log: pathlib.Path


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def binaries():
    for name in ("lqvg-server", "lqvg"):
        assert (BUILD / "bin" / name).exists(), f"{BUILD / 'bin' / name} is not built: make build"
    return BUILD / "bin"


@pytest.fixture(scope="session")
def stubs(tmp_path_factory):
    out = tmp_path_factory.mktemp("stubs")
    protos = ["lqvg/v1/grounding.proto", "google/rpc/status.proto", "google/rpc/error_details.proto"]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}", f"--python_out={out}",
                    f"--grpc_python_out={out}", *protos], check=True)
    return out


def read_addresses(log, process):
    """Waits for the line that says where the server listens and that it is ready."""
    give_up = time.monotonic() + READY_SECONDS
    while time.monotonic() < give_up:
        found = re.search(r"ready: .*?grpc (\S+?),.*?metrics (\S+?),", log.read_text())
        if found:
            return found.groups()
        assert process.poll() is None, f"the server ended with {process.returncode}:\n{log.read_text()}"
        time.sleep(0.05)
    raise AssertionError(f"not ready within {READY_SECONDS} s:\n{log.read_text()}")


@pytest.fixture(scope="session")
def start_server(binaries, tmp_path_factory):
    """start_server(model_dir, *flags) -> Server; whatever still runs at the end is stopped, and must stop cleanly."""
    started = []

    def start(model, *flags):
        log = tmp_path_factory.mktemp("server") / "log"
        with log.open("w") as sink:
            process = subprocess.Popen(
                [binaries / "lqvg-server", f"--model={model}", "--listen=127.0.0.1:0", "--metrics-listen=127.0.0.1:0",
                 "--drain-delay=0s", *flags], stderr=sink, stdout=sink)
        started.append(process)
        return Server(process, *read_addresses(log, process), log)

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0


@pytest.fixture(scope="session")
def demo_server(start_server):
    return start_server(ROOT / "models" / "demo")


@pytest.fixture(scope="session")
def reference_model():
    """The full-size model directories that the parity tests use; made here when they have not run."""
    directory = BUILD / "reference_model"
    if not (directory / "1024" / "model.safetensors").exists():
        subprocess.run([sys.executable, ROOT / "tools" / "make_model.py", "--seed", "1", "--also-size", "800",
                        directory / "800", directory / "1024"], check=True)
    return directory
