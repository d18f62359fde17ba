#include "tests/fuzz/fuzz_target.h"

#include <string>
#include <vector>

#include "image/rejection.h"
#include "lqvg/v1/grounding.pb.h"
#include "model/unicode.h"

namespace lqvg::fuzz {
namespace {

constexpr std::size_t kMaxMessageBytes = 1'024;

}  // namespace

void RequireReadable(std::string_view message) {
  Require(!message.empty(), "an error has a message");
  Require(message.size() <= kMaxMessageBytes, "a message has at most 1 KiB");
  Require(unicode::ValidUtf8Prefix(message) == message.size(), "a message is UTF-8");
}

void RequireRejection(const absl::Status& status) {
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  Require(v1::ErrorReason_Parse("ERROR_REASON_" + ReasonOf(status), &reason),
          "a rejection has a reason of the contract");
  Require(reason != v1::ERROR_REASON_UNSPECIFIED && reason != v1::ERROR_REASON_INTERNAL_ERROR,
          "a rejection is the caller's fault");
  RequireReadable({status.message().data(), status.message().size()});
  const std::vector<Violation> violations = ViolationsOf(status);
  Require(violations.size() <= kMaxViolations, "at most 8 violations are listed");
  for (const Violation& violation : violations) {
    Require(!violation.field.empty(), "a violation names its field");
    RequireReadable(violation.description);
  }
}

}  // namespace lqvg::fuzz
