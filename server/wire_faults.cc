#include "server/wire_faults.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace lqvg::serving {

void Faults::Add(std::string_view reason, std::string field, std::string description) {
  if (violations_.empty()) reason_ = reason;
  violations_.push_back({std::move(field), std::move(description)});
}

void Faults::Add(const absl::Status& rejection, std::string field) {
  if (!rejection.ok()) Add(ReasonOf(rejection), std::move(field), std::string(rejection.message()));
}

absl::Status Faults::ToStatus() const {
  if (violations_.empty()) return absl::OkStatus();
  std::string message = absl::StrCat(violations_.front().field, ": ", violations_.front().description);
  if (violations_.size() > 1) absl::StrAppend(&message, "; and ", violations_.size() - 1, " more");
  return Reject(absl::StatusCode::kInvalidArgument, reason_, message, violations_);
}

std::string AboveLimit(std::uint64_t value, std::string_view unit, std::uint64_t limit) {
  return absl::StrCat(value, absl::string_view(unit.data(), unit.size()), ", the limit is ", limit);
}

absl::Status Malformed(std::string_view message_type) {
  return Reject(absl::StatusCode::kInvalidArgument, "MALFORMED_REQUEST",
                absl::StrCat("the request is not a ", absl::string_view(message_type.data(), message_type.size()),
                             ", or a string in it is not UTF-8"));
}

absl::Status CheckModel(const std::string& wanted, const ModelInfo& model, const std::string& field) {
  if (wanted.empty() || wanted == model.name || wanted == model.digest) return absl::OkStatus();
  const std::string served = absl::StrCat("the model served here is ", model.name);
  return Reject(absl::StatusCode::kNotFound, "MODEL_NOT_FOUND", served, {{field, served}});
}

}  // namespace lqvg::serving
