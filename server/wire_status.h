// How a failure looks to a client: absl::Status with a reason -> google.rpc.Status and grpc::Status. The only such
// translation.
//
// Stateless and thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace lqvg::serving {

// Notes on a rejection which request it answers; for requests that name themselves and fail all the same.
absl::Status WithRequestId(absl::Status status, std::string_view request_id);
// What WithRequestId noted; else empty.
std::string RequestIdOf(const absl::Status& status);

// What callers may know of `status`: itself, or INTERNAL, INTERNAL_ERROR if it has no reason of the contract.
absl::Status Presentable(const absl::Status& status, std::string_view request_id);

// The status in the contract's words: ErrorInfo, BadRequest where fields are at fault, RetryInfo where it may be
// retried. Presentable.
google::rpc::Status ToRpcStatus(const absl::Status& status, std::string_view request_id);

// A refused call as the library wants it, and what goes beside it.
struct Refusal {
  grpc::Status status;                      // with ToRpcStatus in its details
  std::string reason;                       // never empty
  std::optional<std::int64_t> pushback_ms;  // value of the trailer grpc-retry-pushback-ms, which gRPC clients obey
};

// `status` is not OK.
Refusal ToRefusal(const absl::Status& status, std::string_view request_id);

}  // namespace lqvg::serving
