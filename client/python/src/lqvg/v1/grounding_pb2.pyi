from google.protobuf import duration_pb2 as _duration_pb2
from google.rpc import status_pb2 as _status_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PixelFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PIXEL_FORMAT_UNSPECIFIED: _ClassVar[PixelFormat]
    PIXEL_FORMAT_RGB8: _ClassVar[PixelFormat]

class CachePolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CACHE_POLICY_UNSPECIFIED: _ClassVar[CachePolicy]
    CACHE_POLICY_BYPASS: _ClassVar[CachePolicy]

class ImageNote(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IMAGE_NOTE_UNSPECIFIED: _ClassVar[ImageNote]
    IMAGE_NOTE_ALPHA_DROPPED: _ClassVar[ImageNote]
    IMAGE_NOTE_CMYK_CONVERTED: _ClassVar[ImageNote]
    IMAGE_NOTE_ORIENTATION_IGNORED: _ClassVar[ImageNote]
    IMAGE_NOTE_ORIENTATION_APPLIED: _ClassVar[ImageNote]

class CacheOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CACHE_OUTCOME_UNSPECIFIED: _ClassVar[CacheOutcome]
    CACHE_OUTCOME_MISS: _ClassVar[CacheOutcome]
    CACHE_OUTCOME_HIT: _ClassVar[CacheOutcome]
    CACHE_OUTCOME_SHARED: _ClassVar[CacheOutcome]
    CACHE_OUTCOME_OFF: _ClassVar[CacheOutcome]

class ErrorReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERROR_REASON_UNSPECIFIED: _ClassVar[ErrorReason]
    ERROR_REASON_MALFORMED_REQUEST: _ClassVar[ErrorReason]
    ERROR_REASON_FIELD_REQUIRED: _ClassVar[ErrorReason]
    ERROR_REASON_EXPRESSION_EMPTY: _ClassVar[ErrorReason]
    ERROR_REASON_EXPRESSION_TOO_LONG: _ClassVar[ErrorReason]
    ERROR_REASON_TOO_MANY_EXPRESSIONS: _ClassVar[ErrorReason]
    ERROR_REASON_PARAMETER_OUT_OF_RANGE: _ClassVar[ErrorReason]
    ERROR_REASON_UNSUPPORTED_IMAGE_FORMAT: _ClassVar[ErrorReason]
    ERROR_REASON_UNSUPPORTED_PIXEL_FORMAT: _ClassVar[ErrorReason]
    ERROR_REASON_MULTI_FRAME_UNSUPPORTED: _ClassVar[ErrorReason]
    ERROR_REASON_IMAGE_TOO_LARGE: _ClassVar[ErrorReason]
    ERROR_REASON_IMAGE_TOO_SMALL: _ClassVar[ErrorReason]
    ERROR_REASON_IMAGE_CORRUPT: _ClassVar[ErrorReason]
    ERROR_REASON_IMAGE_LIMIT_EXCEEDED: _ClassVar[ErrorReason]
    ERROR_REASON_IMAGE_CHECKSUM_MISMATCH: _ClassVar[ErrorReason]
    ERROR_REASON_IMAGE_NOT_CACHED: _ClassVar[ErrorReason]
    ERROR_REASON_MODEL_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_QUEUE_FULL: _ClassVar[ErrorReason]
    ERROR_REASON_MEMORY_BUDGET: _ClassVar[ErrorReason]
    ERROR_REASON_DEADLINE_UNREACHABLE: _ClassVar[ErrorReason]
    ERROR_REASON_MODEL_LOADING: _ClassVar[ErrorReason]
    ERROR_REASON_SHUTTING_DOWN: _ClassVar[ErrorReason]
    ERROR_REASON_STREAM_AGED: _ClassVar[ErrorReason]
    ERROR_REASON_DEVICE_LOST: _ClassVar[ErrorReason]
    ERROR_REASON_QUOTA_EXCEEDED: _ClassVar[ErrorReason]
    ERROR_REASON_DEVICE_MEMORY: _ClassVar[ErrorReason]
    ERROR_REASON_EXPIRED_IN_QUEUE: _ClassVar[ErrorReason]
    ERROR_REASON_CLIENT_CANCELLED: _ClassVar[ErrorReason]
    ERROR_REASON_INTERNAL_ERROR: _ClassVar[ErrorReason]
    ERROR_REASON_UNAUTHENTICATED: _ClassVar[ErrorReason]
    ERROR_REASON_PERMISSION_DENIED: _ClassVar[ErrorReason]
    ERROR_REASON_NOT_IMPLEMENTED: _ClassVar[ErrorReason]
    ERROR_REASON_EXPIRED_WHILE_RUNNING: _ClassVar[ErrorReason]
PIXEL_FORMAT_UNSPECIFIED: PixelFormat
PIXEL_FORMAT_RGB8: PixelFormat
CACHE_POLICY_UNSPECIFIED: CachePolicy
CACHE_POLICY_BYPASS: CachePolicy
IMAGE_NOTE_UNSPECIFIED: ImageNote
IMAGE_NOTE_ALPHA_DROPPED: ImageNote
IMAGE_NOTE_CMYK_CONVERTED: ImageNote
IMAGE_NOTE_ORIENTATION_IGNORED: ImageNote
IMAGE_NOTE_ORIENTATION_APPLIED: ImageNote
CACHE_OUTCOME_UNSPECIFIED: CacheOutcome
CACHE_OUTCOME_MISS: CacheOutcome
CACHE_OUTCOME_HIT: CacheOutcome
CACHE_OUTCOME_SHARED: CacheOutcome
CACHE_OUTCOME_OFF: CacheOutcome
ERROR_REASON_UNSPECIFIED: ErrorReason
ERROR_REASON_MALFORMED_REQUEST: ErrorReason
ERROR_REASON_FIELD_REQUIRED: ErrorReason
ERROR_REASON_EXPRESSION_EMPTY: ErrorReason
ERROR_REASON_EXPRESSION_TOO_LONG: ErrorReason
ERROR_REASON_TOO_MANY_EXPRESSIONS: ErrorReason
ERROR_REASON_PARAMETER_OUT_OF_RANGE: ErrorReason
ERROR_REASON_UNSUPPORTED_IMAGE_FORMAT: ErrorReason
ERROR_REASON_UNSUPPORTED_PIXEL_FORMAT: ErrorReason
ERROR_REASON_MULTI_FRAME_UNSUPPORTED: ErrorReason
ERROR_REASON_IMAGE_TOO_LARGE: ErrorReason
ERROR_REASON_IMAGE_TOO_SMALL: ErrorReason
ERROR_REASON_IMAGE_CORRUPT: ErrorReason
ERROR_REASON_IMAGE_LIMIT_EXCEEDED: ErrorReason
ERROR_REASON_IMAGE_CHECKSUM_MISMATCH: ErrorReason
ERROR_REASON_IMAGE_NOT_CACHED: ErrorReason
ERROR_REASON_MODEL_NOT_FOUND: ErrorReason
ERROR_REASON_QUEUE_FULL: ErrorReason
ERROR_REASON_MEMORY_BUDGET: ErrorReason
ERROR_REASON_DEADLINE_UNREACHABLE: ErrorReason
ERROR_REASON_MODEL_LOADING: ErrorReason
ERROR_REASON_SHUTTING_DOWN: ErrorReason
ERROR_REASON_STREAM_AGED: ErrorReason
ERROR_REASON_DEVICE_LOST: ErrorReason
ERROR_REASON_QUOTA_EXCEEDED: ErrorReason
ERROR_REASON_DEVICE_MEMORY: ErrorReason
ERROR_REASON_EXPIRED_IN_QUEUE: ErrorReason
ERROR_REASON_CLIENT_CANCELLED: ErrorReason
ERROR_REASON_INTERNAL_ERROR: ErrorReason
ERROR_REASON_UNAUTHENTICATED: ErrorReason
ERROR_REASON_PERMISSION_DENIED: ErrorReason
ERROR_REASON_NOT_IMPLEMENTED: ErrorReason
ERROR_REASON_EXPIRED_WHILE_RUNNING: ErrorReason

class GroundRequest(_message.Message):
    __slots__ = ("image", "expressions", "max_boxes", "min_score", "clip_boxes", "request_id", "model", "cache_policy")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    EXPRESSIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_BOXES_FIELD_NUMBER: _ClassVar[int]
    MIN_SCORE_FIELD_NUMBER: _ClassVar[int]
    CLIP_BOXES_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CACHE_POLICY_FIELD_NUMBER: _ClassVar[int]
    image: Image
    expressions: _containers.RepeatedScalarFieldContainer[str]
    max_boxes: int
    min_score: float
    clip_boxes: bool
    request_id: str
    model: str
    cache_policy: CachePolicy
    def __init__(self, image: _Optional[_Union[Image, _Mapping]] = ..., expressions: _Optional[_Iterable[str]] = ..., max_boxes: _Optional[int] = ..., min_score: _Optional[float] = ..., clip_boxes: bool = ..., request_id: _Optional[str] = ..., model: _Optional[str] = ..., cache_policy: _Optional[_Union[CachePolicy, str]] = ...) -> None: ...

class Image(_message.Message):
    __slots__ = ("encoded", "raw", "digest", "crc32c", "apply_exif_orientation")
    ENCODED_FIELD_NUMBER: _ClassVar[int]
    RAW_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    CRC32C_FIELD_NUMBER: _ClassVar[int]
    APPLY_EXIF_ORIENTATION_FIELD_NUMBER: _ClassVar[int]
    encoded: bytes
    raw: RawImage
    digest: bytes
    crc32c: int
    apply_exif_orientation: bool
    def __init__(self, encoded: _Optional[bytes] = ..., raw: _Optional[_Union[RawImage, _Mapping]] = ..., digest: _Optional[bytes] = ..., crc32c: _Optional[int] = ..., apply_exif_orientation: bool = ...) -> None: ...

class RawImage(_message.Message):
    __slots__ = ("data", "width", "height", "format")
    DATA_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    width: int
    height: int
    format: PixelFormat
    def __init__(self, data: _Optional[bytes] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., format: _Optional[_Union[PixelFormat, str]] = ...) -> None: ...

class GroundResponse(_message.Message):
    __slots__ = ("results", "image_width", "image_height", "model", "receipt", "request_id", "image_digest", "image_retained", "image_notes")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    IMAGE_WIDTH_FIELD_NUMBER: _ClassVar[int]
    IMAGE_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    IMAGE_RETAINED_FIELD_NUMBER: _ClassVar[int]
    IMAGE_NOTES_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[Result]
    image_width: int
    image_height: int
    model: ModelId
    receipt: Receipt
    request_id: str
    image_digest: bytes
    image_retained: bool
    image_notes: _containers.RepeatedScalarFieldContainer[ImageNote]
    def __init__(self, results: _Optional[_Iterable[_Union[Result, _Mapping]]] = ..., image_width: _Optional[int] = ..., image_height: _Optional[int] = ..., model: _Optional[_Union[ModelId, _Mapping]] = ..., receipt: _Optional[_Union[Receipt, _Mapping]] = ..., request_id: _Optional[str] = ..., image_digest: _Optional[bytes] = ..., image_retained: bool = ..., image_notes: _Optional[_Iterable[_Union[ImageNote, str]]] = ...) -> None: ...

class Result(_message.Message):
    __slots__ = ("boxes", "error")
    BOXES_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    boxes: _containers.RepeatedCompositeFieldContainer[Box]
    error: _status_pb2.Status
    def __init__(self, boxes: _Optional[_Iterable[_Union[Box, _Mapping]]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class Box(_message.Message):
    __slots__ = ("x_min", "y_min", "x_max", "y_max", "score")
    X_MIN_FIELD_NUMBER: _ClassVar[int]
    Y_MIN_FIELD_NUMBER: _ClassVar[int]
    X_MAX_FIELD_NUMBER: _ClassVar[int]
    Y_MAX_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    x_min: float
    y_min: float
    x_max: float
    y_max: float
    score: float
    def __init__(self, x_min: _Optional[float] = ..., y_min: _Optional[float] = ..., x_max: _Optional[float] = ..., y_max: _Optional[float] = ..., score: _Optional[float] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("queue_time", "decode_time", "model_time", "total_time", "batch_images", "batch_expressions", "image_cache", "text_cache_hits", "response_cache_hits")
    QUEUE_TIME_FIELD_NUMBER: _ClassVar[int]
    DECODE_TIME_FIELD_NUMBER: _ClassVar[int]
    MODEL_TIME_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TIME_FIELD_NUMBER: _ClassVar[int]
    BATCH_IMAGES_FIELD_NUMBER: _ClassVar[int]
    BATCH_EXPRESSIONS_FIELD_NUMBER: _ClassVar[int]
    IMAGE_CACHE_FIELD_NUMBER: _ClassVar[int]
    TEXT_CACHE_HITS_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_CACHE_HITS_FIELD_NUMBER: _ClassVar[int]
    queue_time: _duration_pb2.Duration
    decode_time: _duration_pb2.Duration
    model_time: _duration_pb2.Duration
    total_time: _duration_pb2.Duration
    batch_images: int
    batch_expressions: int
    image_cache: CacheOutcome
    text_cache_hits: int
    response_cache_hits: int
    def __init__(self, queue_time: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., decode_time: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., model_time: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., total_time: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., batch_images: _Optional[int] = ..., batch_expressions: _Optional[int] = ..., image_cache: _Optional[_Union[CacheOutcome, str]] = ..., text_cache_hits: _Optional[int] = ..., response_cache_hits: _Optional[int] = ...) -> None: ...

class GroundStreamRequest(_message.Message):
    __slots__ = ("request", "timeout")
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    request: GroundRequest
    timeout: _duration_pb2.Duration
    def __init__(self, request: _Optional[_Union[GroundRequest, _Mapping]] = ..., timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class GroundStreamResponse(_message.Message):
    __slots__ = ("sequence", "request_id", "response", "error")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    request_id: str
    response: GroundResponse
    error: _status_pb2.Status
    def __init__(self, sequence: _Optional[int] = ..., request_id: _Optional[str] = ..., response: _Optional[_Union[GroundResponse, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class GetModelRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetModelResponse(_message.Message):
    __slots__ = ("model", "input_size", "num_queries", "device", "precision", "limits", "server")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    INPUT_SIZE_FIELD_NUMBER: _ClassVar[int]
    NUM_QUERIES_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    PRECISION_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    SERVER_FIELD_NUMBER: _ClassVar[int]
    model: ModelId
    input_size: int
    num_queries: int
    device: str
    precision: str
    limits: Limits
    server: ServerVersion
    def __init__(self, model: _Optional[_Union[ModelId, _Mapping]] = ..., input_size: _Optional[int] = ..., num_queries: _Optional[int] = ..., device: _Optional[str] = ..., precision: _Optional[str] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., server: _Optional[_Union[ServerVersion, _Mapping]] = ...) -> None: ...

class ModelId(_message.Message):
    __slots__ = ("name", "digest")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    name: str
    digest: str
    def __init__(self, name: _Optional[str] = ..., digest: _Optional[str] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("max_request_bytes", "max_image_pixels", "max_image_side", "min_image_side", "max_expressions", "max_expression_bytes", "max_tokens", "max_boxes")
    MAX_REQUEST_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_IMAGE_PIXELS_FIELD_NUMBER: _ClassVar[int]
    MAX_IMAGE_SIDE_FIELD_NUMBER: _ClassVar[int]
    MIN_IMAGE_SIDE_FIELD_NUMBER: _ClassVar[int]
    MAX_EXPRESSIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_EXPRESSION_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MAX_BOXES_FIELD_NUMBER: _ClassVar[int]
    max_request_bytes: int
    max_image_pixels: int
    max_image_side: int
    min_image_side: int
    max_expressions: int
    max_expression_bytes: int
    max_tokens: int
    max_boxes: int
    def __init__(self, max_request_bytes: _Optional[int] = ..., max_image_pixels: _Optional[int] = ..., max_image_side: _Optional[int] = ..., min_image_side: _Optional[int] = ..., max_expressions: _Optional[int] = ..., max_expression_bytes: _Optional[int] = ..., max_tokens: _Optional[int] = ..., max_boxes: _Optional[int] = ...) -> None: ...

class ServerVersion(_message.Message):
    __slots__ = ("version", "commit")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    version: str
    commit: str
    def __init__(self, version: _Optional[str] = ..., commit: _Optional[str] = ...) -> None: ...
