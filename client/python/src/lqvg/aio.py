"""The client for asyncio. Everything but the waiting is that of lqvg.Client."""
from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Any, AsyncIterable, AsyncIterator, Iterable, Optional, Sequence, Type, Union

import grpc.aio

from lqvg import errors, messages
from lqvg.answers import Grounding, Health, Model
from lqvg.connection import (HEALTH_CHECK, READY_POLL_SECONDS, Connection, HealthCheckRequest, HealthCheckResponse,
                             Metadata, Tls, check_timeout, to_health)
from lqvg.pictures import Picture
from lqvg.retained import LEAST_SECONDS, Retained, is_large
from lqvg.stream import AsyncSender, Item, Outcome
from lqvg.v1 import grounding_pb2 as v1
from lqvg.v1 import grounding_pb2_grpc


class Client:
    """A connection to a server of lqvg-serve, for the tasks of one event loop.

    Arguments and errors are those of lqvg.Client. Make it in a coroutine; `async with` closes it. Cancelling a task
    cancels its call, in the server too. Pictures are read and converted in a thread of the loop's executor.
    """

    def __init__(self, target: Optional[str] = None, *, timeout: float = 10.0, token: Optional[str] = None,
                 tls: Optional[Tls] = None, metadata: Metadata = (), retry: bool = True) -> None:
        asyncio.get_running_loop()  # gRPC would take, or make, a loop that never runs
        self._connection = Connection.make(target, timeout, token, tls, metadata, retry)
        options = self._connection.options()
        if tls is None:
            self._channel = grpc.aio.insecure_channel(self._connection.target, options)
        else:
            self._channel = grpc.aio.secure_channel(self._connection.target, tls.credentials(), options)
        self._retained = Retained()
        self._stub: Any = grounding_pb2_grpc.GroundingServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._check: Any = self._channel.unary_unary(HEALTH_CHECK, HealthCheckRequest.SerializeToString,
                                                     HealthCheckResponse.FromString)

    async def ground(self, image: Picture, expressions: Union[str, Sequence[str]], *, max_boxes: int = 1,
                     min_score: Optional[float] = None, clip_boxes: bool = False,
                     apply_exif_orientation: bool = False, request_id: Optional[str] = None,
                     model: Optional[str] = None, timeout: Optional[float] = None,
                     metadata: Metadata = ()) -> Grounding:
        """As lqvg.Client.ground."""
        request = await asyncio.to_thread(
            messages.ground_request, image, expressions, max_boxes=max_boxes, min_score=min_score,
            clip_boxes=clip_boxes, apply_exif_orientation=apply_exif_orientation, request_id=request_id, model=model)
        response = await self._ground(request, timeout, metadata)
        return messages.to_grounding(response, request, image)

    async def ground_stream(self, items: Union[Iterable[Item], AsyncIterable[Item]], *,
                            timeout: Optional[float] = None, metadata: Metadata = ()) -> AsyncIterator[Outcome]:
        """As lqvg.Client.ground_stream, for `async for`. `items` may be asynchronous, too."""
        sender = AsyncSender(self._connection.timeout, self._retained)
        call = self._stub.GroundStream(sender.requests(items),
                                       timeout=None if timeout is None else check_timeout(timeout),
                                       metadata=(*self._connection.metadata, *metadata))
        try:
            async for response in call:
                if (outcome := sender.outcome(response)) is not None:
                    yield outcome
        except grpc.RpcError as error:
            raise errors.from_call(error) from error
        finally:
            call.cancel()
            sender.close()
        if sender.problem is not None:
            raise sender.problem

    async def get_model(self, *, timeout: Optional[float] = None) -> Model:
        """As lqvg.Client.get_model."""
        return messages.to_model(await self._call(self._stub.GetModel, v1.GetModelRequest(), timeout))

    async def health(self, service: str = "", *, timeout: Optional[float] = None) -> Health:
        """As lqvg.Client.health."""
        return to_health(await self._call(self._check, HealthCheckRequest(value=service), timeout))

    async def wait_ready(self, timeout: float = 60.0) -> None:
        """As lqvg.Client.wait_ready."""
        give_up = time.monotonic() + check_timeout(timeout)
        request = HealthCheckRequest()
        problem: Optional[errors.Error] = None
        while (left := give_up - time.monotonic()) > 0:
            try:
                if to_health(await self._call(self._check, request, left)) is Health.SERVING:
                    return
                problem = None
            except (errors.Unavailable, errors.DeadlineExceeded) as error:
                problem = error
            await asyncio.sleep(max(0.0, min(READY_POLL_SECONDS, give_up - time.monotonic())))
        raise errors.DeadlineExceeded(f"{self._connection.target} is not ready after {timeout} s") from problem

    async def close(self) -> None:
        """Ends the calls under way, which are cancelled, and the connection."""
        await self._channel.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                        traceback: Optional[TracebackType]) -> None:
        await self.close()

    async def _ground(self, request: v1.GroundRequest, timeout: Optional[float], metadata: Metadata) -> v1.GroundResponse:
        """By the picture's digest if the server retains it; with the bytes if not, or not any more."""
        give_up = time.monotonic() + self._connection.timeout_of(timeout)
        short = await asyncio.to_thread(self._retained.by_digest, request)
        if short is not None:
            try:
                response: v1.GroundResponse = await self._call(self._stub.Ground, short, timeout, metadata)
                return response
            except errors.NotFound as error:
                if error.reason != "IMAGE_NOT_CACHED":
                    raise
                self._retained.forget(short)
            timeout = max(give_up - time.monotonic(), LEAST_SECONDS)
        response = await self._call(self._stub.Ground, request, timeout, metadata)
        if is_large(request):
            self._retained.add(response, turned=request.image.apply_exif_orientation)
        return response

    async def _call(self, method: Any, request: Any, timeout: Optional[float], metadata: Metadata = ()) -> Any:
        try:
            return await method(request, timeout=self._connection.timeout_of(timeout),
                                metadata=(*self._connection.metadata, *metadata))
        except grpc.RpcError as error:
            raise errors.from_call(error) from error
