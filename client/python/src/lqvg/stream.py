"""What goes into a ground_stream and what comes out: all of it but the call, for Client and aio.Client."""
from __future__ import annotations

import asyncio
import collections
import dataclasses
import enum
import os
import queue
import threading
import time
from typing import AsyncIterable, AsyncIterator, Deque, Dict, Iterable, Iterator, Optional, Sequence, Union

from lqvg import errors, messages
from lqvg.answers import Grounding
from lqvg.connection import check_timeout
from lqvg.pictures import Picture
from lqvg.retained import LEAST_SECONDS, Retained, is_large
from lqvg.v1 import grounding_pb2 as v1

_LONGEST_TIMEOUT_SECONDS = 24 * 3600  # that an item may have
_READ_AT_ONCE = 16  # items that are not answered: a server reads no more


@dataclasses.dataclass(frozen=True)
class Item:
    """One picture of a ground_stream, with what Client.ground takes."""

    image: Picture
    expressions: Union[str, Sequence[str]]
    max_boxes: int = 1
    min_score: Optional[float] = None
    clip_boxes: bool = False
    apply_exif_orientation: bool = False
    request_id: Optional[str] = None
    model: Optional[str] = None
    timeout: Optional[float] = None  # seconds, from its arrival at the server, in place of the client's


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one item: a grounding or an error."""

    index: int  # of the item, counted from 0
    request_id: str
    grounding: Optional[Grounding] = None
    error: Optional[errors.Error] = None


class Sender:
    """The items of one stream: turned into messages, and remembered until they are answered.

    An item whose picture the server retains goes as its digest, and again, with the bytes, if the server has let go of
    it. Of a picture that went as bytes nothing is kept but its path; of one that went as its digest, the bytes. So that
    those are few, and that the item's time does not pass on the way, it waits here until the server reads it at once.

    Thread-safe. It says what is to be done; doing and waiting are BlockingSender's and AsyncSender's.
    """

    def __init__(self, timeout: float, retained: Retained) -> None:
        self._timeout = timeout  # of an item that has none of its own
        self._retained = retained
        self._lock = threading.RLock()
        self._taking = False  # one of the items
        self._taken: Optional[_Sending] = None  # and not sent yet
        self._again: Deque[_Sending] = collections.deque()
        self._unanswered: Dict[int, _Sending] = {}  # by the sequence that the server gives them
        self._count = 0  # of items
        self._sent = 0  # messages
        self._ended = False  # there are no more items
        self._closed = False
        # What the items, or making a message of one, raised; the stream then ends with what was sent before.
        self.problem: Optional[BaseException] = None

    def outcome(self, response: v1.GroundStreamResponse) -> Optional[Outcome]:
        """None: the item is sent again. Raises Internal: the server answers what it was not asked."""
        sequence, request_id = response.sequence, response.request_id
        failed = response.WhichOneof("outcome") != "response"
        error = errors.from_status(response.error, request_id=request_id) if failed else None
        with self._lock:
            item = self._unanswered.pop(sequence, None)
            self._wake()
            if item is None:
                raise errors.Internal(f"the server answered item {sequence}, which does not wait for an answer",
                                      request_id=request_id)
            if item.whole is not None and error is not None and error.reason == "IMAGE_NOT_CACHED":
                self._retained.forget(item.asked)
                item.message, item.whole = v1.GroundStreamRequest(request=item.whole), None
                self._again.append(item)
                return None
        if error is not None:
            return Outcome(item.index, request_id, error=error)
        if item.whole is None and item.large:
            self._retained.add(response.response, turned=item.asked.image.apply_exif_orientation)
        try:
            grounding = messages.to_grounding(response.response, item.asked, item.path)
        except errors.Internal as fault:
            return Outcome(item.index, request_id, error=fault)
        return Outcome(item.index, request_id, grounding=grounding)

    def close(self) -> None:
        """The stream is over: nothing more is taken or sent."""
        with self._lock:
            self._closed = True
            self._wake()

    def _turn(self) -> Union[v1.GroundStreamRequest, _Turn]:
        """What to do now: send a message, or else."""
        with self._lock:
            if self._closed:
                return _Turn.END
            if self._again:
                return self._send(self._again.popleft())
            if self._taken is not None:
                if self._taken.whole is not None and len(self._unanswered) >= _READ_AT_ONCE:
                    return _Turn.WAIT
                item, self._taken = self._taken, None
                return self._send(item)
            if not self._ended:
                turn = _Turn.WAIT if self._taking else _Turn.TAKE
                self._taking = True
                return turn
            # What went as its digest may have to be sent again.
            return _Turn.WAIT if any(item.whole is not None for item in self._unanswered.values()) else _Turn.END

    def _send(self, item: _Sending) -> v1.GroundStreamRequest:
        now, left = time.monotonic(), item.timeout
        if item.give_up is None:
            item.give_up = now + item.timeout
        else:
            left = max(item.give_up - now, LEAST_SECONDS)
        message, item.message = item.message, None
        assert message is not None
        message.timeout.FromNanoseconds(max(1, round(left * 1e9)))
        self._unanswered[self._sent] = item
        self._sent += 1
        return message

    def _prepare(self, item: Item) -> _Sending:
        """Errors as messages.ground_request. ValueError: its timeout is not positive and finite."""
        timeout = self._timeout if item.timeout is None else check_timeout(item.timeout)
        request = messages.ground_request(
            item.image, item.expressions, max_boxes=item.max_boxes, min_score=item.min_score,
            clip_boxes=item.clip_boxes, apply_exif_orientation=item.apply_exif_orientation,
            request_id=item.request_id, model=item.model)
        short = self._retained.by_digest(request)
        return _Sending(
            message=v1.GroundStreamRequest(request=request if short is None else short),
            asked=short or v1.GroundRequest(expressions=request.expressions,
                                            image=v1.Image(apply_exif_orientation=item.apply_exif_orientation)),
            path=item.image if isinstance(item.image, (str, os.PathLike)) else b"",
            timeout=min(timeout, _LONGEST_TIMEOUT_SECONDS), large=is_large(request),
            whole=None if short is None else request)

    def _put(self, item: _Sending) -> None:
        """What a TAKE asked for."""
        with self._lock:
            item.index = self._count
            self._count += 1
            self._taken, self._taking = item, False
            self._wake()

    def _end(self, problem: Optional[BaseException] = None) -> None:
        """The same, when there are no more."""
        with self._lock:
            self._ended, self.problem = True, problem
            self._wake()

    def _wake(self) -> None:
        """What is to be done may have changed. Called with the lock."""
        raise NotImplementedError


class BlockingSender(Sender):
    """For threads."""

    def __init__(self, timeout: float, retained: Retained) -> None:
        super().__init__(timeout, retained)
        self._changed = threading.Condition(self._lock)
        self._wanted: queue.SimpleQueue[bool] = queue.SimpleQueue()  # True: one more item; False: no more

    def requests(self, items: Iterable[Item]) -> Iterator[v1.GroundStreamRequest]:
        """The messages. Never raises: gRPC would make something else of it."""
        # Items are taken by a thread of their own: what is sent again must not wait until there is one more.
        threading.Thread(target=self._take, args=(items,), name="lqvg-stream-items", daemon=True).start()
        while (turn := self._await_turn()) is not _Turn.END:
            if isinstance(turn, v1.GroundStreamRequest):
                yield turn
            else:
                self._wanted.put(True)

    def close(self) -> None:
        super().close()
        self._wanted.put(False)

    def _await_turn(self) -> Union[v1.GroundStreamRequest, _Turn]:
        with self._changed:
            while (turn := self._turn()) is _Turn.WAIT:
                self._changed.wait()
        return turn

    def _take(self, items: Iterable[Item]) -> None:
        try:
            iterator = iter(items)
            while self._wanted.get():
                try:
                    item = next(iterator)
                except StopIteration:
                    return self._end()
                self._put(self._prepare(item))
        except BaseException as problem:  # pylint: disable=broad-except
            self._end(problem)

    def _wake(self) -> None:
        self._changed.notify_all()


class AsyncSender(Sender):
    """For the tasks of one event loop. Pictures are read in a thread."""

    def __init__(self, timeout: float, retained: Retained) -> None:
        super().__init__(timeout, retained)
        self._changed = asyncio.Event()
        self._task: Optional[asyncio.Task[None]] = None  # that takes an item

    async def requests(
            self, items: Union[Iterable[Item], AsyncIterable[Item]]) -> AsyncIterator[v1.GroundStreamRequest]:
        """The messages. Never raises: gRPC would make something else of it."""
        iterator = _iterate(items)
        while (turn := self._turn()) is not _Turn.END:
            if isinstance(turn, v1.GroundStreamRequest):
                yield turn
            elif turn is _Turn.TAKE:
                # In a task of its own: what is sent again must not wait until there is one more.
                self._task = asyncio.ensure_future(self._take(iterator))
            else:
                self._changed.clear()
                await self._changed.wait()

    def close(self) -> None:
        super().close()
        if self._task is not None:
            self._task.cancel()

    async def _take(self, iterator: AsyncIterator[Item]) -> None:
        try:
            item = await iterator.__anext__()
            self._put(await asyncio.to_thread(self._prepare, item))
        except StopAsyncIteration:
            self._end()
        except Exception as problem:  # pylint: disable=broad-except
            self._end(problem)

    def _wake(self) -> None:
        self._changed.set()


class _Turn(enum.Enum):
    """What is to be done when there is nothing to be sent."""

    TAKE = enum.auto()  # an item, and put it here, without waiting for it
    WAIT = enum.auto()  # until something has changed
    END = enum.auto()


@dataclasses.dataclass
class _Sending:
    """An item on its way."""

    message: Optional[v1.GroundStreamRequest]  # that is to be sent now
    asked: v1.GroundRequest  # without the picture's bytes
    path: Picture  # b"": it has none
    timeout: float
    large: bool  # the picture
    whole: Optional[v1.GroundRequest]  # kept while it goes as its digest
    index: int = 0
    give_up: Optional[float] = None  # by time.monotonic, from when it was sent first


async def _iterate(items: Union[Iterable[Item], AsyncIterable[Item]]) -> AsyncIterator[Item]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
