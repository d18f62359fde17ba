"""How a client reaches its server: what Client and aio.Client share, which is all but the waiting."""
from __future__ import annotations

import dataclasses
import importlib.metadata
import importlib.resources
import math
import os
import re
from typing import Any, List, Optional, Sequence, Tuple, Union

import google.protobuf.wrappers_pb2
import grpc

from lqvg import answers
from lqvg.pictures import MAX_REQUEST_BYTES

Metadata = Sequence[Tuple[str, str]]

DEFAULT_TARGET = "127.0.0.1:50051"
# Between looks at a server that is not ready yet.
READY_POLL_SECONDS = 0.2

HEALTH_CHECK = "/grpc.health.v1.Health/Check"
# The messages of grpc.health.v1 have one field each, like these on the wire. A process can register the real ones only
# once, and grpcio-health-checking registers them under another file name than grpc/health/v1/health.proto.
HealthCheckRequest = google.protobuf.wrappers_pb2.StringValue
HealthCheckResponse = google.protobuf.wrappers_pb2.Int32Value

try:
    __version__ = importlib.metadata.version("lqvg-client")
except importlib.metadata.PackageNotFoundError:
    __version__ = "0+uninstalled"  # run from a source tree

_LOOPBACK = re.compile(r"(?:dns:///|ipv4:|ipv6:)?(?:127\.|localhost(?::|$)|\[::1\])|unix:")


@dataclasses.dataclass(frozen=True)
class Tls:
    """Encrypts the connection, and checks the server's certificate. Each part is PEM: its bytes, or a path to them."""

    root_certificates: Union[bytes, str, os.PathLike[str], None] = None  # None: those that gRPC brings
    # For a server that asks for a client's certificate; both or neither.
    client_certificate: Union[bytes, str, os.PathLike[str], None] = None
    client_key: Union[bytes, str, os.PathLike[str], None] = dataclasses.field(default=None, repr=False)
    server_name: Optional[str] = None  # what the certificate is issued to, if that is not the target's host

    def credentials(self) -> Any:
        """As gRPC's. OSError: a file cannot be read. ValueError: half of a client's identity."""
        if (self.client_certificate is None) != (self.client_key is None):
            raise ValueError("client_certificate and client_key belong together: one of them is missing")
        return grpc.ssl_channel_credentials(_read_pem(self.root_certificates), _read_pem(self.client_key),
                                            _read_pem(self.client_certificate))


@dataclasses.dataclass(frozen=True)
class Connection:
    """Where the server is and how to speak with it; checked, and with the defaults filled in."""

    target: str
    timeout: float  # seconds
    tls: Optional[Tls]
    metadata: Tuple[Tuple[str, str], ...] = dataclasses.field(repr=False)  # holds the token
    retry: bool

    @classmethod
    def make(cls, target: Optional[str], timeout: float, token: Optional[str], tls: Optional[Tls], metadata: Metadata,
             retry: bool) -> Connection:
        """ValueError: no target, a timeout that is not positive and finite, or a token that others could read."""
        if target is None:
            target = os.environ.get("LQVG_SERVER") or DEFAULT_TARGET
        if not target:
            raise ValueError("the server's address is empty")
        metadata = tuple(metadata)
        if token is not None:
            if tls is None and not is_loopback(target):
                raise ValueError(f"a token for {target} needs tls: anybody on the way could read it")
            metadata += (("authorization", f"Bearer {token}"),)
        return cls(target, check_timeout(timeout), tls, metadata, retry)

    def options(self) -> List[Tuple[str, Any]]:
        """The channel's arguments."""
        options: List[Tuple[str, Any]] = [
            ("grpc.primary_user_agent", f"lqvg-python/{__version__}"),
            ("grpc.service_config", service_config()),
            ("grpc.enable_retries", int(self.retry)),
            # The default of 256 KiB would silently turn retries off for nearly every picture.
            ("grpc.per_rpc_retry_buffer_size", MAX_REQUEST_BYTES),
            ("grpc.max_send_message_length", MAX_REQUEST_BYTES),
            ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
        ]
        # gRPC obeys http_proxy even for a server on this machine, which no proxy can reach.
        if is_loopback(self.target):
            options.append(("grpc.enable_http_proxy", 0))
        if self.tls is not None and self.tls.server_name is not None:
            options.append(("grpc.ssl_target_name_override", self.tls.server_name))
        return options

    def timeout_of(self, timeout: Optional[float]) -> float:
        """Of a call that may have its own."""
        return self.timeout if timeout is None else check_timeout(timeout)


def check_timeout(timeout: float) -> float:
    if not (timeout > 0 and math.isfinite(timeout)):
        raise ValueError(f"the timeout is {timeout}, not positive and finite")
    return timeout


def is_loopback(target: str) -> bool:
    """Whether the target is on this machine without asking a name server."""
    return _LOOPBACK.match(target) is not None


def service_config() -> str:
    """Retries and balancing: client/service_config.json of the repository."""
    return importlib.resources.files("lqvg").joinpath("service_config.json").read_text(encoding="utf-8")


def to_health(response: Any) -> answers.Health:
    known = response.value in list(answers.Health)
    return answers.Health(response.value) if known else answers.Health.UNKNOWN


def _read_pem(source: Union[bytes, str, os.PathLike[str], None]) -> Optional[bytes]:
    if source is None or isinstance(source, bytes):
        return source
    with open(source, "rb") as file:
        return file.read()
