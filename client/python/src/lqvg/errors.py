"""Why a call failed: one exception class for each gRPC status code, with what the server said about it."""
from __future__ import annotations

import dataclasses
import datetime
import enum
from typing import Any, ClassVar, Dict, Iterable, Optional, Tuple, Type

import google.protobuf.message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

_DOMAIN = "lqvg"


class Code(enum.IntEnum):
    """The status codes of gRPC."""

    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


@dataclasses.dataclass(frozen=True)
class Violation:
    """A field of the request that the server found at fault."""

    field: str  # such as "expressions[3]"
    description: str


class Error(Exception):
    """A call, or one expression of it, failed. Always one of the subclasses below, which are named after the codes."""

    code: ClassVar[Code]

    def __init__(self, message: str, *, reason: str = "", violations: Iterable[Violation] = (), request_id: str = "",
                 retry_after: Optional[datetime.timedelta] = None) -> None:
        super().__init__(message)
        self.message = message
        # A name of lqvg.v1.ErrorReason without its prefix, such as "QUEUE_FULL"; empty: not said by lqvg-serve itself.
        self.reason = reason
        self.violations: Tuple[Violation, ...] = tuple(violations)
        # To name when reporting a fault; empty when the call did not reach a server.
        self.request_id = request_id
        # When the server suggests to try again; None: it suggests nothing.
        self.retry_after = retry_after

    def __str__(self) -> str:
        name = f"{self.code.name} {self.reason}" if self.reason else self.code.name
        return f"{name}: {self.message}" if self.message else name

    def __reduce__(self) -> Tuple[Any, ...]:
        # Exceptions are pickled by their positional arguments alone, which would lose the rest between processes.
        return type(self), self.args, self.__dict__


class Cancelled(Error):
    """The call was cancelled, by the server's side."""

    code = Code.CANCELLED


class Unknown(Error):
    """The server, or something before it, failed without saying how."""

    code = Code.UNKNOWN


class InvalidArgument(Error):
    """The picture, an expression or a parameter was refused; `reason` and `violations` say which and why."""

    code = Code.INVALID_ARGUMENT


class DeadlineExceeded(Error):
    """No answer within the timeout, retries included."""

    code = Code.DEADLINE_EXCEEDED


class NotFound(Error):
    """Another model is served there, or no such health service is known."""

    code = Code.NOT_FOUND


class AlreadyExists(Error):
    """Never sent by lqvg-serve."""

    code = Code.ALREADY_EXISTS


class PermissionDenied(Error):
    """The credentials are known and may not do this."""

    code = Code.PERMISSION_DENIED


class ResourceExhausted(Error):
    """The request is larger than the server takes, the quota is used up, or the device's memory is too small."""

    code = Code.RESOURCE_EXHAUSTED


class FailedPrecondition(Error):
    """Never sent by lqvg-serve."""

    code = Code.FAILED_PRECONDITION


class Aborted(Error):
    """Never sent by lqvg-serve."""

    code = Code.ABORTED


class OutOfRange(Error):
    """Never sent by lqvg-serve."""

    code = Code.OUT_OF_RANGE


class Unimplemented(Error):
    """The server does not serve this."""

    code = Code.UNIMPLEMENTED


class Internal(Error):
    """A fault of the service: report `request_id`."""

    code = Code.INTERNAL


class Unavailable(Error):
    """The server is away, not ready or overloaded; the same call may work later."""

    code = Code.UNAVAILABLE


class DataLoss(Error):
    """The picture was damaged on its way."""

    code = Code.DATA_LOSS


class Unauthenticated(Error):
    """No credentials, or unknown ones."""

    code = Code.UNAUTHENTICATED


_CLASSES: Dict[int, Type[Error]] = {cls.code: cls for cls in Error.__subclasses__()}


def from_status(status: Status, *, request_id: str = "", retry_after: Optional[datetime.timedelta] = None) -> Error:
    """The error that a google.rpc.Status describes. A delay in its details wins over `retry_after`."""
    reason = ""
    violations = []
    for detail in status.details:
        info, bad, retry = ErrorInfo(), BadRequest(), RetryInfo()
        # A proxy may add details of its own: only ours speak the contract's words.
        if detail.Unpack(info) and info.domain == _DOMAIN:
            reason = info.reason
        elif detail.Unpack(bad):
            violations += [Violation(each.field, each.description) for each in bad.field_violations]
        elif detail.Unpack(retry):
            retry_after = retry.retry_delay.ToTimedelta()
    # A code that nobody knows is UNKNOWN, as gRPC has it.
    return _CLASSES.get(status.code, Unknown)(status.message, reason=reason, violations=violations,
                                              request_id=request_id, retry_after=retry_after)


def from_call(error: Any) -> Error:
    """The error of a failed call: a grpc.RpcError of a finished call, or a grpc.aio.AioRpcError."""
    # Not dict(): grpc.aio's Metadata has keys(), but iterates over pairs.
    trailers = {key: value for key, value in error.trailing_metadata() or ()}
    status = _read_details(trailers.get("grpc-status-details-bin"))
    # What the transport says rules: the details of another status would be a proxy's.
    status.code, status.message = error.code().value[0], error.details() or ""
    return from_status(status, request_id=_text(trailers.get("x-request-id")),
                       retry_after=_read_pushback(trailers.get("grpc-retry-pushback-ms")))


def _read_details(packed: Any) -> Status:
    try:
        return Status.FromString(packed or b"")
    except google.protobuf.message.DecodeError:
        return Status()


def _read_pushback(text: Any) -> Optional[datetime.timedelta]:
    try:
        milliseconds = int(_text(text))
    except ValueError:
        return None
    # Negative: do not retry.
    return datetime.timedelta(milliseconds=milliseconds) if milliseconds >= 0 else None


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""
