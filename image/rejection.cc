#include "image/rejection.h"

#include <optional>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace lqvg {
namespace {

constexpr char kReasonPayload[] = "lqvg/reason";

// One payload per violation and part: absl::Status is a map from URL to bytes, and needs no encoding of our own.
std::string FieldPayload(std::size_t index) { return absl::StrCat("lqvg/violation/", index, "/field"); }
std::string DescriptionPayload(std::size_t index) { return absl::StrCat("lqvg/violation/", index, "/description"); }

}  // namespace

absl::Status Reject(absl::StatusCode code, std::string_view reason, std::string_view message,
                    std::vector<Violation> violations) {
  absl::Status status(code, absl::string_view(message.data(), message.size()));
  status.SetPayload(kReasonPayload, absl::Cord(absl::string_view(reason.data(), reason.size())));
  for (std::size_t i = 0; i < violations.size() && i < kMaxViolations; ++i) {
    status.SetPayload(FieldPayload(i), absl::Cord(std::move(violations[i].field)));
    status.SetPayload(DescriptionPayload(i), absl::Cord(std::move(violations[i].description)));
  }
  return status;
}

std::string ReasonOf(const absl::Status& status) {
  const absl::optional<absl::Cord> reason = status.GetPayload(kReasonPayload);
  return reason ? std::string(*reason) : std::string();
}

std::vector<Violation> ViolationsOf(const absl::Status& status) {
  std::vector<Violation> violations;
  for (std::size_t i = 0; i < kMaxViolations; ++i) {
    const absl::optional<absl::Cord> field = status.GetPayload(FieldPayload(i));
    if (!field) break;
    const absl::optional<absl::Cord> description = status.GetPayload(DescriptionPayload(i));
    violations.push_back({std::string(*field), description ? std::string(*description) : std::string()});
  }
  return violations;
}

}  // namespace lqvg
