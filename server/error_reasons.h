// The contract's reasons for an error, each with the code that it comes with: names of lqvg.v1.ErrorReason without
// their prefix, in its order.
//
// For what must know all of them before the first one happens.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace lqvg::serving {

struct KnownReason {
  std::string_view name;
  absl::StatusCode code;
};

inline constexpr KnownReason kKnownReasons[] = {
    {"MALFORMED_REQUEST", absl::StatusCode::kInvalidArgument},
    {"FIELD_REQUIRED", absl::StatusCode::kInvalidArgument},
    {"EXPRESSION_EMPTY", absl::StatusCode::kInvalidArgument},
    {"EXPRESSION_TOO_LONG", absl::StatusCode::kInvalidArgument},
    {"TOO_MANY_EXPRESSIONS", absl::StatusCode::kInvalidArgument},
    {"PARAMETER_OUT_OF_RANGE", absl::StatusCode::kInvalidArgument},
    {"UNSUPPORTED_IMAGE_FORMAT", absl::StatusCode::kInvalidArgument},
    {"UNSUPPORTED_PIXEL_FORMAT", absl::StatusCode::kInvalidArgument},
    {"MULTI_FRAME_UNSUPPORTED", absl::StatusCode::kInvalidArgument},
    {"IMAGE_TOO_LARGE", absl::StatusCode::kInvalidArgument},
    {"IMAGE_TOO_SMALL", absl::StatusCode::kInvalidArgument},
    {"IMAGE_CORRUPT", absl::StatusCode::kInvalidArgument},
    {"IMAGE_LIMIT_EXCEEDED", absl::StatusCode::kInvalidArgument},
    {"IMAGE_CHECKSUM_MISMATCH", absl::StatusCode::kDataLoss},
    {"IMAGE_NOT_CACHED", absl::StatusCode::kNotFound},
    {"MODEL_NOT_FOUND", absl::StatusCode::kNotFound},
    {"QUEUE_FULL", absl::StatusCode::kUnavailable},
    {"MEMORY_BUDGET", absl::StatusCode::kUnavailable},
    {"DEADLINE_UNREACHABLE", absl::StatusCode::kUnavailable},
    {"MODEL_LOADING", absl::StatusCode::kUnavailable},
    {"SHUTTING_DOWN", absl::StatusCode::kUnavailable},
    {"STREAM_AGED", absl::StatusCode::kUnavailable},
    {"DEVICE_LOST", absl::StatusCode::kUnavailable},
    {"QUOTA_EXCEEDED", absl::StatusCode::kResourceExhausted},
    {"DEVICE_MEMORY", absl::StatusCode::kResourceExhausted},
    {"EXPIRED_IN_QUEUE", absl::StatusCode::kDeadlineExceeded},
    {"CLIENT_CANCELLED", absl::StatusCode::kCancelled},
    {"INTERNAL_ERROR", absl::StatusCode::kInternal},
    {"UNAUTHENTICATED", absl::StatusCode::kUnauthenticated},
    {"PERMISSION_DENIED", absl::StatusCode::kPermissionDenied},
    {"NOT_IMPLEMENTED", absl::StatusCode::kUnimplemented},
    {"EXPIRED_WHILE_RUNNING", absl::StatusCode::kDeadlineExceeded},
};

}  // namespace lqvg::serving
