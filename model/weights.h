// A model directory's tensors, taken by their checkpoint names.
//
// Taking never fails on the spot: a missing or wrongly shaped tensor is noted and stood in for by zeros, so that
// loading code reads like the model, and Finish reports every fault of the file at once. Used by one thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/safetensors.h"

namespace lqvg {

class Weights {
 public:
  // `file` stays mapped for as long as a tensor taken from it lives. Tensors arrive on `device` as fp32.
  Weights(std::shared_ptr<const Safetensors> file, at::Device device) : file_(std::move(file)), device_(device) {}

  // The tensor called `name`. F32 on a CPU is used in place (read-only pages); other types are converted.
  at::Tensor Take(const std::string& name, at::IntArrayRef shape);

  // OK when every tensor asked for was there and every tensor of the file was asked for or is one that the checkpoint
  // holds without anybody needing it at inference (`spare` tells). INVALID_ARGUMENT names the first faults.
  absl::Status Finish(const std::vector<std::string>& spare_prefixes) const;

  at::Device device() const { return device_; }

 private:
  const std::shared_ptr<const Safetensors> file_;
  const at::Device device_;
  std::set<std::string, std::less<>> taken_;
  std::vector<std::string> faults_;
};

// Names below a prefix: Scope(weights, "transformer").In("encoder").Take("level_embed", {...}).
class Scope {
 public:
  explicit Scope(Weights& weights) : weights_(&weights) {}

  Scope In(std::string_view name) const;
  Scope In(std::string_view name, int index) const;
  at::Tensor Take(std::string_view name, at::IntArrayRef shape) const;

 private:
  Weights* weights_;
  std::string prefix_;
};

}  // namespace lqvg
