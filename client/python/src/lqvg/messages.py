"""The contract's messages to and from the values of this package."""
from __future__ import annotations

import os
from typing import List, Optional, Sequence, Union

from lqvg import errors, pictures
from lqvg.answers import Box, Grounding, Limits, Model, ModelId, Receipt, Result
from lqvg.v1 import grounding_pb2 as v1

_MAX_UINT32 = 2**32 - 1


def ground_request(image: pictures.Picture, expressions: Union[str, Sequence[str]], *, max_boxes: int,
                   min_score: Optional[float], clip_boxes: bool, apply_exif_orientation: bool,
                   request_id: Optional[str], model: Optional[str]) -> v1.GroundRequest:
    """Errors as pictures.to_message; ResourceExhausted also for a request that is too large as a whole."""
    if not 0 <= max_boxes <= _MAX_UINT32:
        raise ValueError(f"max_boxes is {max_boxes}; a request can hold 0..{_MAX_UINT32}")
    try:
        request = v1.GroundRequest(
            image=pictures.to_message(image, apply_exif_orientation),
            expressions=[expressions] if isinstance(expressions, str) else expressions,
            max_boxes=max_boxes, min_score=min_score, clip_boxes=clip_boxes, request_id=request_id or "",
            model=model or "")
    except UnicodeEncodeError as error:
        raise ValueError(f"an expression, request_id or model is not valid Unicode: {error}") from error
    if request.ByteSize() > pictures.MAX_REQUEST_BYTES:
        raise errors.ResourceExhausted(f"the request has {request.ByteSize()} bytes; no server takes more than "
                                       f"{pictures.MAX_REQUEST_BYTES}")
    return request


def to_grounding(response: v1.GroundResponse, request: v1.GroundRequest, image: pictures.Picture) -> Grounding:
    """`response` to `request`, which was made from `image`."""
    # One result per expression is the contract's promise; an answer that breaks it must not be read as another's.
    if len(response.results) != len(request.expressions):
        raise errors.Internal(f"the server answered {len(response.results)} of {len(request.expressions)} expressions",
                              request_id=response.request_id)
    results = [_to_result(expression, result, response.request_id)
               for expression, result in zip(request.expressions, response.results)]
    return Grounding(
        results=tuple(results), image_width=response.image_width, image_height=response.image_height,
        model=_to_model_id(response.model), receipt=_to_receipt(response.receipt), request_id=response.request_id,
        notes=tuple(_name(v1.ImageNote, note, "IMAGE_NOTE_") for note in response.image_notes),
        path=os.fspath(image) if isinstance(image, (str, os.PathLike)) else None)


def to_model(response: v1.GetModelResponse) -> Model:
    limits = response.limits
    return Model(
        id=_to_model_id(response.model), input_size=response.input_size, num_queries=response.num_queries,
        device=response.device, precision=response.precision,
        limits=Limits(
            max_request_bytes=limits.max_request_bytes, max_image_pixels=limits.max_image_pixels,
            max_image_side=limits.max_image_side, min_image_side=limits.min_image_side,
            max_expressions=limits.max_expressions, max_expression_bytes=limits.max_expression_bytes,
            max_tokens=limits.max_tokens, max_boxes=limits.max_boxes),
        server_version=response.server.version, server_commit=response.server.commit)


def _to_result(expression: str, result: v1.Result, request_id: str) -> Result:
    boxes: List[Box] = [Box(box.x_min, box.y_min, box.x_max, box.y_max, box.score) for box in result.boxes]
    error = errors.from_status(result.error, request_id=request_id) if result.HasField("error") else None
    return Result(expression, tuple(boxes), error)


def _to_model_id(model: v1.ModelId) -> ModelId:
    return ModelId(model.name, model.digest)


def _to_receipt(receipt: v1.Receipt) -> Receipt:
    return Receipt(
        queue_time=receipt.queue_time.ToTimedelta(), decode_time=receipt.decode_time.ToTimedelta(),
        model_time=receipt.model_time.ToTimedelta(), total_time=receipt.total_time.ToTimedelta(),
        batch_images=receipt.batch_images, batch_expressions=receipt.batch_expressions,
        image_cache=_name(v1.CacheOutcome, receipt.image_cache, "CACHE_OUTCOME_"),
        text_cache_hits=receipt.text_cache_hits, response_cache_hits=receipt.response_cache_hits)


def _name(enum: object, value: int, prefix: str) -> str:
    """A value's name without the prefix; the number, of a server newer than this client."""
    names = {number: name for name, number in enum.items()}  # type: ignore[attr-defined]
    return names[value][len(prefix):] if value in names else str(value)
