// Requests as they come over the wire: bytes -> messages of the contract -> the plain structs of serving. wire_answer
// and wire_status lead the other way; nothing else in serving knows both sides.
//
// Stateless and thread-safe. Parsing copies the request's bytes once and checks them all; nothing is decoded.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/message_lite.h"
#include "grpc/support/time.h"
#include "grpcpp/support/byte_buffer.h"
#include "model/grounder.h"
#include "server/call.h"
#include "server/clock.h"
#include "server/request_limits.h"

namespace lqvg::serving {

// Turns the bytes of a GroundRequest into a checked query. `fallback_request_id` is the query's if the request names
// none. A rejection carries the request's id (RequestIdOf) and all faults found, as violations:
//   INVALID_ARGUMENT MALFORMED_REQUEST, FIELD_REQUIRED, TOO_MANY_EXPRESSIONS, EXPRESSION_TOO_LONG,
//                    PARAMETER_OUT_OF_RANGE, and for raw pixels IMAGE_TOO_LARGE, IMAGE_TOO_SMALL;
//                    the status and reason are the first fault's
//   NOT_FOUND        MODEL_NOT_FOUND
//   DATA_LOSS        IMAGE_CHECKSUM_MISMATCH
absl::StatusOr<GroundQuery> ParseGroundRequest(const grpc::ByteBuffer& bytes, const RequestLimits& limits,
                                               const ModelInfo& model, std::string_view fallback_request_id);

// The same for the bytes of a GroundStreamRequest, whose request it checks, and also its timeout. Violations name the
// request's fields as those of ParseGroundRequest do, so that a caller has one list of names; the timeout's is
// `timeout`.
absl::StatusOr<GroundQuery> ParseGroundStreamRequest(const grpc::ByteBuffer& bytes, const RequestLimits& limits,
                                                     const ModelInfo& model, std::string_view fallback_request_id);

// Checks the bytes of a GetModelRequest. INVALID_ARGUMENT, MALFORMED_REQUEST.
absl::Status ParseGetModelRequest(const grpc::ByteBuffer& bytes);

// Moves a request's bytes out of the library's hands, which would keep them until the RPC ends: beside the picture's
// pixels, and beyond what admission counts. `request` is what a raw method is given: const only by its type.
grpc::ByteBuffer TakeBytes(const grpc::ByteBuffer* request);

// False if the bytes are not a message of that type, or a string in it is not UTF-8.
bool ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite& message);

// How long the caller of an RPC waits from now on, negative if that is over; nothing if it named no deadline. Never
// more than 24 hours: a gRPC deadline may be 11,000 years away, a clock's time point holds 292.
std::optional<Duration> TimeLeft(const gpr_timespec& deadline);

// Whether `text` may be a request id: at most 128 of [A-Za-z0-9._:/-], and not empty.
bool IsIdentifier(std::string_view text);

// A message as the library sends it.
grpc::ByteBuffer ToByteBuffer(const google::protobuf::MessageLite& message);

}  // namespace lqvg::serving
