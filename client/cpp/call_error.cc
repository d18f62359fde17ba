#include "client/cpp/call_error.h"

#include "absl/strings/cord.h"
#include "google/rpc/error_details.pb.h"

namespace lqvg::client {
namespace {

constexpr char kDetailsPayload[] = "type.googleapis.com/google.rpc.Status";
constexpr char kRequestIdPayload[] = "lqvg/request-id";
constexpr char kDomain[] = "lqvg";

// A proxy may add details of its own: only ours speak the contract's words.
void ReadDetails(const google::rpc::Status& status, CallError* error) {
  for (const google::protobuf::Any& detail : status.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    if (detail.UnpackTo(&info) && info.domain() == kDomain) {
      error->reason = info.reason();
    } else if (detail.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        error->violations.push_back({violation.field(), violation.description()});
      }
    }
  }
}

// A code that this library's gRPC does not know is UNKNOWN, as gRPC has it; 0 would be no error at all.
absl::StatusCode ToCode(int code) {
  const bool known = code > 0 && code <= static_cast<int>(absl::StatusCode::kUnauthenticated);
  return known ? static_cast<absl::StatusCode>(code) : absl::StatusCode::kUnknown;
}

}  // namespace

absl::Status MakeCallStatus(int code, const std::string& message, const std::string& details,
                            const std::string& request_id) {
  absl::Status status(ToCode(code), message);
  if (!details.empty()) status.SetPayload(kDetailsPayload, absl::Cord(details));
  if (!request_id.empty()) status.SetPayload(kRequestIdPayload, absl::Cord(request_id));
  return status;
}

CallError ErrorOf(const absl::Status& status) {
  CallError error;
  error.code = status.code();
  error.message = std::string(status.message());
  google::rpc::Status details;
  if (const auto payload = status.GetPayload(kDetailsPayload);
      payload && details.ParseFromString(std::string(*payload))) {
    ReadDetails(details, &error);
  }
  if (const auto id = status.GetPayload(kRequestIdPayload)) error.request_id = std::string(*id);
  return error;
}

CallError ErrorOf(const google::rpc::Status& status) {
  CallError error;
  error.code = ToCode(status.code());
  error.message = status.message();
  ReadDetails(status, &error);
  return error;
}

}  // namespace lqvg::client
