#include "model/weights.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/stored_tensor.h"

namespace lqvg {
namespace {

constexpr std::size_t kFaultsNamed = 5;

std::string ShapeText(at::IntArrayRef shape) { return absl::StrCat("[", absl::StrJoin(shape, ", "), "]"); }

// Left by the training framework; no forward pass reads them.
bool IsBookkeeping(const std::string& name) {
  return absl::EndsWith(name, ".num_batches_tracked") || absl::EndsWith(name, ".position_ids");
}

}  // namespace

at::Tensor Weights::Take(const std::string& name, at::IntArrayRef shape) {
  taken_.insert(name);
  const auto found = file_->tensors().find(name);
  if (found == file_->tensors().end()) {
    faults_.push_back(absl::StrCat(name, " is missing"));
    return at::zeros(shape, at::TensorOptions(at::kFloat).device(device_));
  }
  const StoredTensor& stored = found->second;
  if (at::IntArrayRef(stored.shape) != shape) {
    faults_.push_back(absl::StrCat(name, " has shape ", ShapeText(stored.shape), ", must be ", ShapeText(shape)));
    return at::zeros(shape, at::TensorOptions(at::kFloat).device(device_));
  }
  if (stored.type == StoredType::kI64) {
    faults_.push_back(absl::StrCat(name, " holds whole numbers, must be F32, F16 or BF16"));
    return at::zeros(shape, at::TensorOptions(at::kFloat).device(device_));
  }
  return InPlace(file_, stored).to(at::TensorOptions(at::kFloat).device(device_));
}

absl::Status Weights::Finish(const std::vector<std::string>& spare_prefixes) const {
  std::vector<std::string> faults = faults_;
  for (const auto& [name, tensor] : file_->tensors()) {
    const bool spare =
        IsBookkeeping(name) || std::any_of(spare_prefixes.begin(), spare_prefixes.end(),
                                           [&](const std::string& p) { return absl::StartsWith(name, p); });
    if (!spare && !taken_.contains(name)) faults.push_back(absl::StrCat(name, " is not part of the model"));
  }
  if (faults.empty()) return absl::OkStatus();
  const std::size_t named = std::min(faults.size(), kFaultsNamed);
  std::string message =
      absl::StrCat("model.safetensors: tensor ", absl::StrJoin(faults.begin(), faults.begin() + named, "; tensor "));
  if (faults.size() > named) absl::StrAppend(&message, "; and ", faults.size() - named, " more faults");
  return absl::InvalidArgumentError(message);
}

Scope Scope::In(std::string_view name) const {
  Scope inner(*source_);
  inner.prefix_ = prefix_ + std::string(name) + ".";
  return inner;
}

Scope Scope::In(std::string_view name, int index) const { return In(name).In(std::to_string(index)); }

at::Tensor Scope::Take(std::string_view name, at::IntArrayRef shape) const {
  return source_->Take(prefix_ + std::string(name), shape);
}

}  // namespace lqvg
