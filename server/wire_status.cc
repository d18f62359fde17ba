#include "server/wire_status.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "image/rejection.h"
#include "lqvg/v1/grounding.pb.h"

namespace lqvg::serving {
namespace {

constexpr char kDomain[] = "lqvg";
constexpr char kRequestIdPayload[] = "lqvg/request_id";

// A client drops a call whose trailers exceed 8 KiB. The message goes out twice, once percent-encoded (up to three
// bytes for one) and once in the details (base64).
constexpr std::size_t kMaxMessageBytes = 1'024;
constexpr std::size_t kMaxFieldBytes = 64;
constexpr std::size_t kMaxDescriptionBytes = 160;

// Callers that were refused together must not return together.
constexpr std::int64_t kMinPushbackMs = 200;
constexpr std::int64_t kMaxPushbackMs = 600;

// Cuts between characters: a broken one would make the whole details unparseable.
std::string Clip(std::string text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text;
}

bool IsInContract(const std::string& reason) {
  v1::ErrorReason value;
  return v1::ErrorReason_Parse(absl::StrCat("ERROR_REASON_", reason), &value);
}

// When to ask again, in milliseconds: for refusals that another replica, or this one a moment later, may not repeat.
// Negative: never, which stops the retries of gRPC's clients.
std::optional<std::int64_t> PushbackFor(std::string_view reason) {
  if (reason == "DEADLINE_UNREACHABLE") return 0;
  if (reason == "QUOTA_EXCEEDED") return -1;
  if (reason != "QUEUE_FULL" && reason != "MEMORY_BUDGET") return std::nullopt;
  thread_local absl::InsecureBitGen random;
  return absl::Uniform(absl::IntervalClosed, random, kMinPushbackMs, kMaxPushbackMs);
}

google::rpc::BadRequest ToBadRequest(std::vector<Violation> violations) {
  google::rpc::BadRequest bad_request;
  for (Violation& violation : violations) {
    google::rpc::BadRequest::FieldViolation* const field = bad_request.add_field_violations();
    field->set_field(Clip(std::move(violation.field), kMaxFieldBytes));
    field->set_description(Clip(std::move(violation.description), kMaxDescriptionBytes));
  }
  return bad_request;
}

google::rpc::Status ToRpcStatus(const absl::Status& presentable, std::optional<std::int64_t> pushback_ms) {
  google::rpc::Status rpc_status;
  rpc_status.set_code(static_cast<int>(presentable.code()));
  rpc_status.set_message(Clip(std::string(presentable.message()), kMaxMessageBytes));
  google::rpc::ErrorInfo info;
  info.set_reason(ReasonOf(presentable));
  info.set_domain(kDomain);
  rpc_status.add_details()->PackFrom(info);
  if (std::vector<Violation> violations = ViolationsOf(presentable); !violations.empty()) {
    rpc_status.add_details()->PackFrom(ToBadRequest(std::move(violations)));
  }
  if (pushback_ms && *pushback_ms >= 0) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_nanos(static_cast<int>(*pushback_ms * 1'000'000));
    rpc_status.add_details()->PackFrom(retry);
  }
  return rpc_status;
}

}  // namespace

absl::Status WithRequestId(absl::Status status, std::string_view request_id) {
  status.SetPayload(kRequestIdPayload, absl::Cord(absl::string_view(request_id.data(), request_id.size())));
  return status;
}

std::string RequestIdOf(const absl::Status& status) {
  const absl::optional<absl::Cord> request_id = status.GetPayload(kRequestIdPayload);
  return request_id ? std::string(*request_id) : std::string();
}

absl::Status Presentable(const absl::Status& status, std::string_view request_id) {
  const std::string reason = ReasonOf(status);
  if (IsInContract(reason) && status.code() != absl::StatusCode::kInternal) return status;
  return Reject(absl::StatusCode::kInternal, "INTERNAL_ERROR",
                absl::StrCat("internal error; please report request id ",
                             absl::string_view(request_id.data(), request_id.size())));
}

google::rpc::Status ToRpcStatus(const absl::Status& status, std::string_view request_id) {
  const absl::Status presentable = Presentable(status, request_id);
  return ToRpcStatus(presentable, PushbackFor(ReasonOf(presentable)));
}

Refusal ToRefusal(const absl::Status& status, std::string_view request_id) {
  const absl::Status presentable = Presentable(status, request_id);
  Refusal refusal;
  refusal.reason = ReasonOf(presentable);
  refusal.pushback_ms = PushbackFor(refusal.reason);
  const google::rpc::Status rpc_status = ToRpcStatus(presentable, refusal.pushback_ms);
  refusal.status = grpc::Status(static_cast<grpc::StatusCode>(rpc_status.code()), rpc_status.message(),
                                rpc_status.SerializeAsString());
  return refusal;
}

}  // namespace lqvg::serving
