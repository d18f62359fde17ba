"""The client that blocks: deadlines, retries and typed errors around the generated stub."""
from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Iterable, Iterator, Optional, Sequence, Type, Union

import grpc

from lqvg import errors, messages
from lqvg.answers import Grounding, Health, Model
from lqvg.connection import (HEALTH_CHECK, READY_POLL_SECONDS, Connection, HealthCheckRequest, HealthCheckResponse,
                             Metadata, Tls, check_timeout, to_health)
from lqvg.pictures import Picture
from lqvg.retained import LEAST_SECONDS, Retained, is_large
from lqvg.stream import BlockingSender, Item, Outcome
from lqvg.v1 import grounding_pb2 as v1
from lqvg.v1 import grounding_pb2_grpc


class Client:
    """A connection to a server of lqvg-serve.

    Keep one for each server and call it from as many threads as you like: they share a connection, which is made at the
    first call and again after it breaks. Every call blocks until it is answered or its timeout has passed. Calls that
    fail as UNAVAILABLE are tried again, at most twice, when the server says or after 0.1 s and more. `with` closes it.

    target: "host:port", or any gRPC target such as "dns:///name:port". None: the environment variable LQVG_SERVER, or
      127.0.0.1:50051.
    timeout: seconds for a whole call, its retries included.
    token: sent as "authorization: Bearer TOKEN"; beyond this machine only with tls.
    tls: None speaks plaintext; Tls() trusts the usual certificate authorities.
    metadata: pairs of lower-case key and value for every call.
    retry: False tries every call once.

    Raises ValueError: an argument makes no sense. OSError: a file of tls cannot be read. A server that cannot be
    reached is Unavailable at the first call.
    """

    def __init__(self, target: Optional[str] = None, *, timeout: float = 10.0, token: Optional[str] = None,
                 tls: Optional[Tls] = None, metadata: Metadata = (), retry: bool = True) -> None:
        self._connection = Connection.make(target, timeout, token, tls, metadata, retry)
        options = self._connection.options()
        if tls is None:
            self._channel = grpc.insecure_channel(self._connection.target, options)
        else:
            self._channel = grpc.secure_channel(self._connection.target, tls.credentials(), options)
        self._retained = Retained()
        self._stub: Any = grounding_pb2_grpc.GroundingServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._check: Any = self._channel.unary_unary(HEALTH_CHECK, HealthCheckRequest.SerializeToString,
                                                     HealthCheckResponse.FromString)

    def ground(self, image: Picture, expressions: Union[str, Sequence[str]], *, max_boxes: int = 1,
               min_score: Optional[float] = None, clip_boxes: bool = False, apply_exif_orientation: bool = False,
               request_id: Optional[str] = None, model: Optional[str] = None, timeout: Optional[float] = None,
               metadata: Metadata = ()) -> Grounding:
        """Finds what each expression describes in the picture.

        image: a JPEG, PNG or TIFF file, as a path, its bytes, or an open binary file; or pixels, as a numpy.ndarray of
          uint8 with shape (height, width, 3), RGB, or (height, width), grey; or a PIL.Image.Image, which is sent as
          convert("RGB") gives it.
        expressions: one, or up to 32 (get_model tells the server's limits); the picture's work is done once for all.
        max_boxes: boxes wanted per expression.
        min_score: boxes that score lower are left out, 0..1.
        clip_boxes: intersect boxes with the picture; otherwise they may reach beyond it.
        apply_exif_orientation: turn the picture as its EXIF orientation says before anything else; boxes then refer to
          the turned picture. Files and bytes only.
        request_id: at most 128 of [A-Za-z0-9._:/-], for both sides' logs; None: made by the server.
        model: the name or digest of the model that must answer; None: whichever is served.
        timeout: seconds, in place of the client's.
        metadata: pairs of lower-case key and value beside the client's, such as ("traceparent", ...).

        Raises Error: the call failed; what the server refuses is InvalidArgument. A request of more than 64 MiB is not
        sent and fails as ResourceExhausted. TypeError, ValueError: an argument of a kind not described above.
        OSError: a file cannot be read.
        """
        request = messages.ground_request(
            image, expressions, max_boxes=max_boxes, min_score=min_score, clip_boxes=clip_boxes,
            apply_exif_orientation=apply_exif_orientation, request_id=request_id, model=model)
        response = self._ground(request, timeout, metadata)
        return messages.to_grounding(response, request, image)

    def ground_stream(self, items: Iterable[Item], *, timeout: Optional[float] = None,
                      metadata: Metadata = ()) -> Iterator[Outcome]:
        """Grounds many pictures on one stream, and yields what becomes of each as soon as it is known, in any order.

        items: one for each picture; taken by another thread, as fast as the server takes them: it works on at most 16
          that are not answered. A failed item is its Outcome's error, and the stream goes on. A picture that the server
          retains goes as its digest first, as in ground.
        timeout: seconds for the whole stream; None: as long as it takes. An item's own is the client's, unless it has
          one.
        metadata: pairs of lower-case key and value beside the client's.

        The stream begins with the first outcome that is asked for, and closing the iterator ends it. It is not retried:
        a server that stops, or has had the stream for 9 minutes, raises Unavailable with the reason SHUTTING_DOWN or
        STREAM_AGED. Then send the items that had no outcome on another stream.

        Raises Error: the stream failed. What `items` raises, and what Client.ground does for an item that cannot be
        sent, once the items before are answered.
        """
        sender = BlockingSender(self._connection.timeout, self._retained)
        call = self._stub.GroundStream(sender.requests(items),
                                       timeout=None if timeout is None else check_timeout(timeout),
                                       metadata=(*self._connection.metadata, *metadata))
        try:
            for response in call:
                if (outcome := sender.outcome(response)) is not None:
                    yield outcome
        except grpc.RpcError as error:
            raise errors.from_call(error) from error
        finally:
            call.cancel()
            sender.close()
        if sender.problem is not None:
            raise sender.problem

    def get_model(self, *, timeout: Optional[float] = None) -> Model:
        """What is served, and its limits. Raises Error."""
        return messages.to_model(self._call(self._stub.GetModel, v1.GetModelRequest(), timeout))

    def health(self, service: str = "", *, timeout: Optional[float] = None) -> Health:
        """Health of `service`; "" is the server as a whole. Never retried: the answer is about this moment.

        Raises Error; NotFound: the server knows no such service.
        """
        return to_health(self._call(self._check, HealthCheckRequest(value=service), timeout))

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Returns once the server is there and ready. Raises DeadlineExceeded if it is not within `timeout` seconds."""
        give_up = time.monotonic() + check_timeout(timeout)
        request = HealthCheckRequest()
        problem: Optional[errors.Error] = None
        while (left := give_up - time.monotonic()) > 0:
            try:
                if to_health(self._call(self._check, request, left)) is Health.SERVING:
                    return
                problem = None
            except (errors.Unavailable, errors.DeadlineExceeded) as error:
                problem = error
            time.sleep(max(0.0, min(READY_POLL_SECONDS, give_up - time.monotonic())))
        raise errors.DeadlineExceeded(f"{self._connection.target} is not ready after {timeout} s") from problem

    def close(self) -> None:
        """Ends the calls under way, which fail as Cancelled, and the connection."""
        self._channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()

    def _ground(self, request: v1.GroundRequest, timeout: Optional[float], metadata: Metadata) -> v1.GroundResponse:
        """By the picture's digest if the server retains it; with the bytes if not, or not any more."""
        give_up = time.monotonic() + self._connection.timeout_of(timeout)
        short = self._retained.by_digest(request)
        if short is not None:
            try:
                response: v1.GroundResponse = self._call(self._stub.Ground, short, timeout, metadata)
                return response
            except errors.NotFound as error:
                if error.reason != "IMAGE_NOT_CACHED":
                    raise
                self._retained.forget(short)
            timeout = max(give_up - time.monotonic(), LEAST_SECONDS)
        response = self._call(self._stub.Ground, request, timeout, metadata)
        if is_large(request):
            self._retained.add(response, turned=request.image.apply_exif_orientation)
        return response

    def _call(self, method: Any, request: Any, timeout: Optional[float], metadata: Metadata = ()) -> Any:
        try:
            return method(request, timeout=self._connection.timeout_of(timeout),
                          metadata=(*self._connection.metadata, *metadata))
        except grpc.RpcError as error:
            raise errors.from_call(error) from error
