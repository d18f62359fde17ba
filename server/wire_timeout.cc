#include "server/wire_timeout.h"

#include <chrono>
#include <cstdint>

#include "google/protobuf/io/coded_stream.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "lqvg/v1/grounding.pb.h"

namespace lqvg::serving {
namespace {

using google::protobuf::io::CodedInputStream;

constexpr std::chrono::seconds kLongest = std::chrono::hours(24);
constexpr std::int32_t kNanosPerSecond = 1'000'000'000;
// Millions of empty fields fit into a message.
constexpr int kMaxFields = 64;

// What follows a field's number in the wire format, in its lowest bits.
enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kDelimited = 2, kFixed32 = 5 };
constexpr int kWireTypeBits = 3;

// Skips the value of a field, which is as long as it says and is not looked into. False if it does not end.
bool SkipValue(CodedInputStream& input, std::uint32_t wire_type) {
  std::uint64_t varint = 0;
  int size = 0;
  switch (wire_type) {
    case kVarint:
      return input.ReadVarint64(&varint);
    case kFixed64:
      return input.Skip(8);
    case kFixed32:
      return input.Skip(4);
    case kDelimited:
      return input.ReadVarintSizeAsInt(&size) && input.Skip(size);
    default:
      return false;  // a group: no part of proto3
  }
}

// Merges: of a field that comes twice, the parser does the same.
bool ReadMessage(CodedInputStream& input, google::protobuf::MessageLite& message) {
  int size = 0;
  if (!input.ReadVarintSizeAsInt(&size)) return false;
  const CodedInputStream::Limit limit = input.PushLimit(size);
  const bool read = message.MergePartialFromCodedStream(&input) && input.ConsumedEntireMessage();
  input.PopLimit(limit);
  return read;
}

}  // namespace

std::optional<Duration> ToTimeout(const google::protobuf::Duration& timeout) {
  if (timeout.nanos() < 0 || timeout.nanos() >= kNanosPerSecond) return std::nullopt;
  if (timeout.seconds() < 0 || timeout.seconds() > kLongest.count()) return std::nullopt;
  const Duration duration = std::chrono::seconds(timeout.seconds()) + std::chrono::nanoseconds(timeout.nanos());
  if (duration <= Duration::zero() || duration > kLongest) return std::nullopt;
  return duration;
}

std::optional<Duration> FindTimeout(const grpc::ByteBuffer& bytes) {
  constexpr std::uint32_t kTimeoutTag = v1::GroundStreamRequest::kTimeoutFieldNumber << kWireTypeBits | kDelimited;
  grpc::ByteBuffer shared = bytes;  // the reader takes apart what it reads; a copy shares the bytes
  grpc::ProtoBufferReader reader(&shared);
  if (!reader.status().ok()) return std::nullopt;
  CodedInputStream input(&reader);
  google::protobuf::Duration timeout;
  bool found = false;
  for (int field = 0; field <= kMaxFields; ++field) {
    const std::uint32_t tag = input.ReadTag();
    if (tag == 0) return found ? ToTimeout(timeout) : std::nullopt;
    if (tag == kTimeoutTag) {
      if (!ReadMessage(input, timeout)) return std::nullopt;
      found = true;
    } else if (!SkipValue(input, tag & ((1u << kWireTypeBits) - 1))) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace lqvg::serving
