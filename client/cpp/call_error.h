// Why a call failed, in the contract's words: the status code, an ErrorReason, and the fields at fault.
//
// The client returns absl::Status; what the server said beyond code and message travels in it as payloads, and
// ErrorOf reads them back. Plain values, thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace lqvg::client {

// A field of the request that the server found at fault, such as "expressions[3]".
struct Violation {
  std::string field;
  std::string description;
};

struct CallError {
  absl::StatusCode code = absl::StatusCode::kUnknown;
  std::string reason;  // a name of lqvg.v1.ErrorReason without its prefix; empty: not an error of lqvg-serve itself
  std::string message;
  std::vector<Violation> violations;
  std::string request_id;  // to name when reporting a fault; empty when the call did not reach a server
};

// The status of a failed call. `details` is a serialised google.rpc.Status (grpc-status-details-bin), or empty.
absl::Status MakeCallStatus(int code, const std::string& message, const std::string& details,
                            const std::string& request_id);

// What a status from Client says. A status made elsewhere has neither reason, violations nor request id.
CallError ErrorOf(const absl::Status& status);

// What the error of a single expression says (lqvg.v1.Result.error).
CallError ErrorOf(const google::rpc::Status& status);

}  // namespace lqvg::client
