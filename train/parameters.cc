#include "train/parameters.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/stored_tensor.h"
#include "train/initial_values.h"

namespace lqvg::train {
namespace {

bool NamesOneOf(const std::vector<std::string>& parts, const std::string& name) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const std::string& part) { return absl::StrContains(name, part); });
}

}  // namespace

bool IsStatistic(const std::string& name) {
  return absl::EndsWith(name, ".running_mean") || absl::EndsWith(name, ".running_var");
}

bool IsTrainingOnly(const std::string& name) { return absl::StartsWith(name, "facet_heads."); }

Parameters::Parameters(std::uint64_t seed, std::int64_t heads, at::Device device,
                       std::shared_ptr<const Safetensors> start, std::vector<std::string> anew,
                       std::vector<std::string> frozen)
    : seed_(seed),
      heads_(heads),
      device_(device),
      start_(std::move(start)),
      anew_(std::move(anew)),
      frozen_(std::move(frozen)) {}

at::Tensor Parameters::Take(const std::string& name, at::IntArrayRef shape) {
  if (const auto found = tensors_.find(name); found != tensors_.end()) return found->second;
  const bool from_file = start_ && !IsTrainingOnly(name) && !NamesOneOf(anew_, name);
  at::Tensor tensor = (from_file ? FromFile(name, shape) : InitialValue(name, shape, heads_, seed_)).to(device_);
  if (tensor.dim() == 4) tensor = tensor.contiguous(at::MemoryFormat::ChannelsLast);
  tensor.set_requires_grad(!IsStatistic(name) && !NamesOneOf(frozen_, name));
  tensors_.emplace(name, tensor);
  return tensor;
}

at::Tensor Parameters::FromFile(const std::string& name, at::IntArrayRef shape) {
  const auto& stored = start_->tensors();
  auto found = stored.find(name);
  if (found == stored.end() && absl::StartsWith(name, "class_embed.")) {
    // Sorted by name, so the last of them is the last layer's (there are at most 24, and 10 heads or more come whole).
    const std::string suffix = name.substr(name.find('.', sizeof("class_embed.") - 1));
    for (auto it = stored.lower_bound("class_embed."); it != stored.end() && it->first < "class_embed/"; ++it) {
      if (absl::EndsWith(it->first, suffix)) found = it;
    }
  }
  if (found == stored.end() || at::IntArrayRef(found->second.shape) != shape) {
    status_.Update(absl::InvalidArgumentError(absl::StrCat(
        "model.safetensors: tensor ", name, found == stored.end() ? " is missing" : " has another shape than", " [",
        absl::StrJoin(shape, ", "), "]")));
    return at::zeros(shape, at::kFloat);
  }
  return InPlace(start_, found->second).to(at::kFloat, /*non_blocking=*/false, /*copy=*/true);
}

at::Tensor HeldTensors::Take(const std::string& name, at::IntArrayRef shape) {
  const auto found = tensors_.find(name);
  TORCH_CHECK(found != tensors_.end() && found->second.sizes() == shape, "no tensor ", name, " of shape ", shape);
  return found->second;
}

}  // namespace lqvg::train
