// A rejection is an absl::Status that also says why in the contract's words.
//
// `reason` is the name of an ErrorReason of the proto without its prefix ("IMAGE_CORRUPT"); `violations` name the
// fields at fault as the caller sent them ("expressions[3]"). Both travel as payloads of the status, so that every
// room can reject without knowing gRPC; only server/wire turns them into google.rpc messages.
//
// Thread-safe: plain values.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace lqvg {

// A field at fault. `description` states the value and the limit, never bytes of the request.
struct Violation {
  std::string field;
  std::string description;
};

// More violations than this are counted, not listed.
inline constexpr std::size_t kMaxViolations = 8;

// Makes a status of `code` with `message`, `reason` and at most kMaxViolations `violations`.
absl::Status Reject(absl::StatusCode code, std::string_view reason, std::string_view message,
                    std::vector<Violation> violations = {});

// The reason given to Reject; empty for a status made elsewhere.
std::string ReasonOf(const absl::Status& status);

// The violations given to Reject.
std::vector<Violation> ViolationsOf(const absl::Status& status);

}  // namespace lqvg
