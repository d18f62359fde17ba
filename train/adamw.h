// AdamW (Loshchilov and Hutter, arXiv 1711.05101) over named parameters with a rate for each, on ATen's fused step.
//
// Owns the moments; used by the trainer's thread alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "train/parameters.h"

namespace lqvg::train {

// Parameters whose names contain one of `parts` learn at `rate` times the rate of the others.
struct RateGroup {
  std::vector<std::string> parts;
  double rate = 1.0;
};

class AdamW {
 public:
  // Optimises the tensors that require a gradient. The first group that matches a name holds.
  AdamW(const NamedTensors& parameters, const std::vector<RateGroup>& groups, double weight_decay);

  // Scales all gradients so that together their norm is at most `max_norm`; returns the norm before, [].
  at::Tensor ClipGradients(double max_norm);

  // One step against the gradients, which are then cleared. `step` counts from 1.
  void Step(std::int64_t step, double learning_rate);

  // The moments by parameter name, shared: writing to them is how a checkpoint is put back.
  const NamedTensors& first_moments() const { return first_; }
  const NamedTensors& second_moments() const { return second_; }

 private:
  struct Group {
    double rate;
    bool decays;
    std::vector<at::Tensor> parameters, first, second, steps;
  };
  Group& GroupFor(double rate, bool decays);

  const double weight_decay_;
  NamedTensors first_, second_;
  std::vector<Group> groups_;
};

}  // namespace lqvg::train
