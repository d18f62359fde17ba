"""What goes into a ground_stream and what comes out: all that Client and aio.Client share of it, but the waiting."""
from __future__ import annotations

import dataclasses
import os
from typing import Any, AsyncIterable, AsyncIterator, Dict, Iterable, Iterator, Optional, Sequence, Tuple, Union

from lqvg import errors, messages
from lqvg.answers import Grounding
from lqvg.connection import check_timeout
from lqvg.pictures import Picture
from lqvg.v1 import grounding_pb2 as v1

_LONGEST_TIMEOUT_SECONDS = 24 * 3600  # that an item may have


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

    Of a picture nothing is kept but its path.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout  # of an item that has none of its own
        self._unanswered: Dict[int, Tuple[v1.GroundRequest, Picture]] = {}
        self._count = 0
        # What the items, or making a message of one, raised; the stream then ends with what was sent before.
        self.problem: Optional[BaseException] = None

    def requests(self, items: Iterable[Item]) -> Iterator[v1.GroundStreamRequest]:
        """A message for each item. Never raises: gRPC would make something else of it."""
        try:
            for item in items:
                yield self.request(item)
        except Exception as problem:  # pylint: disable=broad-except
            self.problem = problem

    async def async_requests(self, items: Union[Iterable[Item], AsyncIterable[Item]],
                             to_thread: Any) -> AsyncIterator[v1.GroundStreamRequest]:
        """The same for asyncio. Pictures are read in a thread, by asyncio.to_thread."""
        try:
            if isinstance(items, AsyncIterable):
                async for item in items:
                    yield await to_thread(self.request, item)
            else:
                for item in items:
                    yield await to_thread(self.request, item)
        except Exception as problem:  # pylint: disable=broad-except
            self.problem = problem

    def request(self, item: Item) -> v1.GroundStreamRequest:
        """Errors as messages.ground_request. ValueError: its timeout is not positive and finite."""
        timeout = self._timeout if item.timeout is None else check_timeout(item.timeout)
        request = messages.ground_request(
            item.image, item.expressions, max_boxes=item.max_boxes, min_score=item.min_score,
            clip_boxes=item.clip_boxes, apply_exif_orientation=item.apply_exif_orientation,
            request_id=item.request_id, model=item.model)
        message = v1.GroundStreamRequest(request=request)
        message.timeout.FromNanoseconds(max(1, round(min(timeout, _LONGEST_TIMEOUT_SECONDS) * 1e9)))
        path = item.image if isinstance(item.image, (str, os.PathLike)) else b""
        self._unanswered[self._count] = v1.GroundRequest(expressions=request.expressions), path
        self._count += 1
        return message

    def outcome(self, response: v1.GroundStreamResponse) -> Outcome:
        """Raises Internal: the server answers what it was not asked."""
        index, request_id = response.sequence, response.request_id
        if index not in self._unanswered:
            raise errors.Internal(f"the server answered item {index}, which does not wait for an answer",
                                  request_id=request_id)
        request, image = self._unanswered.pop(index)
        if response.WhichOneof("outcome") != "response":
            return Outcome(index, request_id, error=errors.from_status(response.error, request_id=request_id))
        try:
            return Outcome(index, request_id, grounding=messages.to_grounding(response.response, request, image))
        except errors.Internal as error:
            return Outcome(index, request_id, error=error)
