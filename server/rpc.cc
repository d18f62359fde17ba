#include "server/rpc.h"

#include <cstdint>
#include <iterator>
#include <string>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "image/rejection.h"
#include "server/wire.h"
#include "server/wire_status.h"

namespace lqvg::serving {
namespace {

// The value of a metadata key if there is one alone and it is an identifier; else empty.
std::string IdentifierIn(const grpc::CallbackServerContext& context, const char* key) {
  const auto [found, end] = context.client_metadata().equal_range(key);
  if (std::distance(found, end) != 1) return "";  // of two, none can be believed
  const std::string_view value(found->second.data(), found->second.size());
  return IsIdentifier(value) ? std::string(value) : "";
}

}  // namespace

std::string MakeRequestId() {
  thread_local absl::InsecureBitGen random;
  const auto high = absl::Uniform<std::uint64_t>(random);
  const auto low = absl::Uniform<std::uint64_t>(random);
  return absl::StrCat(absl::Hex(high, absl::kZeroPad16), absl::Hex(low, absl::kZeroPad16));
}

FinishedCall BeginRecord(std::string_view method, const grpc::CallbackServerContext& context) {
  FinishedCall record{.method = method};
  record.request_id = IdentifierIn(context, "x-request-id");
  if (record.request_id.empty()) record.request_id = MakeRequestId();
  record.traceparent = IdentifierIn(context, "traceparent");
  return record;
}

grpc::Status Conclude(const absl::Status& status, FinishedCall& record, grpc::CallbackServerContext& context) {
  context.AddTrailingMetadata("x-request-id", record.request_id);
  if (status.ok()) return grpc::Status::OK;
  RecordFailure(status, record);
  const Refusal refusal = ToRefusal(status, record.request_id);
  if (refusal.pushback_ms) context.AddTrailingMetadata("grpc-retry-pushback-ms", absl::StrCat(*refusal.pushback_ms));
  return refusal.status;
}

void RecordFailure(const absl::Status& status, FinishedCall& record) {
  const absl::Status presentable = Presentable(status, record.request_id);
  record.code = presentable.code();
  record.reason = ReasonOf(presentable);
  record.status = status;
}

absl::Status CameWithoutRequest() {
  return Reject(absl::StatusCode::kCancelled, "CLIENT_CANCELLED", "the call ended before its request had come");
}

grpc::Status OutOfMemory() { return {grpc::StatusCode::INTERNAL, "internal error"}; }

void RecordAnswer(const GroundAnswer& answer, FinishedCall& record) {
  record.image_width = answer.image_width;
  record.image_height = answer.image_height;
  record.batch_images = answer.batch_images;
  record.batch_expressions = answer.batch_expressions;
  record.expressions = static_cast<int>(answer.results.size());
  for (const auto& result : answer.results) {
    if (!result.ok()) record.expression_errors.push_back(ReasonOf(result.status()));
  }
}

}  // namespace lqvg::serving
