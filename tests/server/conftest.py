import subprocess
import sys
import types

import grpc
import pytest

from server_process import ROOT, Server


@pytest.fixture(scope="session")
def protos(tmp_path_factory):
    out = tmp_path_factory.mktemp("stubs")
    files = ["lqvg/v1/grounding.proto", "google/rpc/status.proto", "google/rpc/error_details.proto",
             "grpc/health/v1/health.proto"]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}", f"--python_out={out}", *files],
                   check=True)
    # `google` is a namespace that protobuf's own package has taken, and `grpc` is grpcio's: both find ours behind them.
    sys.path.append(str(out))
    import google.rpc
    google.rpc.__path__.append(str(out / "google" / "rpc"))
    grpc.__path__.append(str(out / "grpc"))
    from grpc.health.v1 import health_pb2
    from lqvg.v1 import grounding_pb2
    from google.rpc import error_details_pb2, status_pb2
    yield types.SimpleNamespace(health=health_pb2, grounding=grounding_pb2, status=status_pb2,
                                details=error_details_pb2)
    sys.path.remove(str(out))


@pytest.fixture
def make_server(protos, tmp_path):
    servers = []

    def make(*flags, environment=None, **popen):
        folder = tmp_path / str(len(servers))
        folder.mkdir()
        servers.append(Server(protos, folder, flags, environment or {}, **popen))
        return servers[-1]

    yield make
    for server in servers:
        server.kill()
