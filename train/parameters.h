// The numbers that training changes, by their checkpoint names: made when the model first asks for them, or read from a
// model directory.
//
// Used by the trainer's thread alone. Tensors are shared with the network that took them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "model/safetensors.h"
#include "model/weights.h"

namespace lqvg::train {

using NamedTensors = std::map<std::string, at::Tensor>;

// Running statistics of batch norms are carried along, never optimised.
bool IsStatistic(const std::string& name);

// Of facet_loss.h: no part of the model, so no model directory has them.
bool IsTrainingOnly(const std::string& name);

class Parameters final : public TensorSource {
 public:
  // Without `start` every tensor begins as initial_values.h says, a function of its name, `heads` and `seed`. With it,
  // every tensor begins as in that file; class heads of the auxiliary losses, which a model directory may lack, as the
  // last one. Tensors whose names contain one of `anew` begin as without it; one of `frozen`: get no gradient.
  Parameters(std::uint64_t seed, std::int64_t heads, at::Device device, std::shared_ptr<const Safetensors> start,
             std::vector<std::string> anew, std::vector<std::string> frozen);

  // The same tensor at every call, fp32.
  at::Tensor Take(const std::string& name, at::IntArrayRef shape) override;

  // INVALID_ARGUMENT when `start` lacks a tensor that was taken, or has it in another shape.
  absl::Status status() const { return status_; }

  const NamedTensors& tensors() const { return tensors_; }

 private:
  at::Tensor FromFile(const std::string& name, at::IntArrayRef shape);

  const std::uint64_t seed_;
  const std::int64_t heads_;
  const at::Device device_;
  const std::shared_ptr<const Safetensors> start_;
  const std::vector<std::string> anew_, frozen_;
  absl::Status status_;
  NamedTensors tensors_;
};

// Tensors that exist already, handed out as they are: an average of parameters, to be evaluated or exported.
class HeldTensors final : public TensorSource {
 public:
  // `tensors` must outlive the source and hold every name asked for, in that shape: a missing one throws c10::Error.
  explicit HeldTensors(const NamedTensors& tensors) : tensors_(tensors) {}
  at::Tensor Take(const std::string& name, at::IntArrayRef shape) override;

 private:
  const NamedTensors& tensors_;
};

}  // namespace lqvg::train
