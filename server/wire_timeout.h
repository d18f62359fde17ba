// The time that a stream's item allows itself: GroundStreamRequest.timeout.
//
// Stateless and thread-safe; never blocks.
#pragma once

#include <optional>

#include "google/protobuf/duration.pb.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/clock.h"

namespace lqvg::serving {

// Nothing if it is not one that an item may have: above 0 and at most 24 hours, nanos in 0..999,999,999.
std::optional<Duration> ToTimeout(const google::protobuf::Duration& timeout);

// The timeout in the bytes of a GroundStreamRequest, read without touching the request beside it, so that the library's
// threads can afford it. Nothing if there is none, or it is invalid, or the bytes are malformed: those are for
// ParseGroundStreamRequest to tell. Nor is one found in a message of more than 64 fields, of which version 1 has two,
// or with a group, of which proto3 has none.
std::optional<Duration> FindTimeout(const grpc::ByteBuffer& bytes);

}  // namespace lqvg::serving
