"""The real binaries over a real socket: starts build/bin/lqvg-server, and makes Python stubs as a reader of the README does."""
import subprocess
import sys

import pytest

from server_process import BUILD, ROOT, LoggedProcess, environment_without_settings, server_command

READY_SECONDS = 120  # what the contract allows a full-size model on two cores


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


@pytest.fixture(scope="session")
def start_server(binaries, tmp_path_factory):
    """start_server(model_dir, *flags) -> a server with `address` and `metrics`; it must stop cleanly when all is over."""
    started = []

    def start(model, *flags):
        folder = tmp_path_factory.mktemp("server")
        server = LoggedProcess(server_command("lqvg-server", f"--model={model}", "--drain-delay=0s", *flags),
                               folder / "log", env=environment_without_settings()).start()
        started.append(server)
        server.address, server.metrics = server.find(r"ready: .*?grpc (\S+?),.*?metrics (\S+?),", READY_SECONDS)
        return server

    yield start
    for server in started:
        server.stop()


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
