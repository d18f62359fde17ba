"""What the server answers, as plain values."""
from __future__ import annotations

import dataclasses
import datetime
import enum
from typing import TYPE_CHECKING, Optional, Tuple

from lqvg.errors import Error

if TYPE_CHECKING:
    import PIL.Image

    from lqvg.pictures import Picture


@dataclasses.dataclass(frozen=True)
class Box:
    """A rectangle in continuous pixel coordinates: (0, 0) is the top left corner of the top left pixel.

    It may reach beyond the picture, unless clip_boxes was asked for.
    """

    x_min: float
    y_min: float
    x_max: float
    y_max: float
    score: float  # 0..1

    @property
    def width(self) -> float:
        """Pixels."""
        return self.x_max - self.x_min

    @property
    def height(self) -> float:
        """Pixels."""
        return self.y_max - self.y_min

    @property
    def area(self) -> float:
        """Square pixels."""
        return self.width * self.height


@dataclasses.dataclass(frozen=True)
class Result:
    """The answer to one expression. Neither boxes nor error: nothing scored min_score or more."""

    expression: str
    boxes: Tuple[Box, ...]  # best score first, at most max_boxes
    error: Optional[Error] = None  # set when this expression alone failed

    @property
    def best(self) -> Optional[Box]:
        """The box of the best score, None if there is no box."""
        return self.boxes[0] if self.boxes else None


@dataclasses.dataclass(frozen=True)
class ModelId:
    """Which model."""

    name: str
    digest: str  # SHA-256 over configuration, tokenizer and weights, 64 hexadecimal digits


@dataclasses.dataclass(frozen=True)
class Receipt:
    """Where a call's time went, measured in the server, and with whom the work was shared."""

    queue_time: datetime.timedelta  # waiting: for a decode thread and for the model
    decode_time: datetime.timedelta  # reading the picture and letterboxing it
    model_time: datetime.timedelta  # the batch that this call was part of, on the device
    total_time: datetime.timedelta  # from the call's arrival to its answer
    batch_images: int  # distinct pictures in the batch
    batch_expressions: int
    image_cache: str  # a name of lqvg.v1.CacheOutcome without its prefix: "MISS", "HIT", "SHARED", "OFF"
    text_cache_hits: int  # expressions whose text features were cached
    response_cache_hits: int  # expressions answered from the response cache


@dataclasses.dataclass(frozen=True)
class Grounding:
    """What `ground` answers: a result for each expression, in their order."""

    results: Tuple[Result, ...]
    image_width: int  # of the space of the boxes: the picture's, pixels
    image_height: int
    model: ModelId
    receipt: Receipt
    request_id: str
    # What was done to the picture beyond decoding it: names of lqvg.v1.ImageNote without their prefix, such as
    # "ALPHA_DROPPED" or "ORIENTATION_IGNORED".
    notes: Tuple[str, ...]
    # The path that the picture was read from; None: it was given otherwise.
    path: Optional[str] = None

    def draw(self, image: Optional[Picture] = None, *, labels: bool = True) -> PIL.Image.Image:
        """A copy of the picture, RGB, with the boxes drawn on it.

        Each expression has its colour (they repeat after 8); labels say expression and score. A box that lies outside
        the picture leaves no mark. `image` is the picture as it was given to `ground`; it may be left out if that was
        a path.

        Raises ImportError without Pillow (the extra "pillow"), ValueError if there is no picture to draw on or it has
        another size than the boxes' space, OSError if it cannot be read.
        """
        from lqvg.drawing import draw
        return draw(self, image, labels)


@dataclasses.dataclass(frozen=True)
class Limits:
    """What `ground` accepts."""

    max_request_bytes: int  # of a whole request message
    max_image_pixels: int  # width * height
    max_image_side: int  # longest, pixels
    min_image_side: int  # shortest, pixels
    max_expressions: int
    max_expression_bytes: int  # UTF-8
    max_tokens: int  # per expression, with the two that mark its ends
    max_boxes: int  # per expression


@dataclasses.dataclass(frozen=True)
class Model:
    """What `get_model` answers: what is served, where, within which limits."""

    id: ModelId
    input_size: int  # side of the model's square input, pixels
    num_queries: int  # boxes that the model proposes per expression
    device: str  # "cpu" or "cuda"
    precision: str  # arithmetic of the forward pass, "fp32"
    limits: Limits
    server_version: str
    server_commit: str  # empty when unknown


class Health(enum.IntEnum):
    """What `health` answers, as grpc.health.v1 has it."""

    UNKNOWN = 0
    SERVING = 1
    NOT_SERVING = 2
