#include "train/adamw.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "absl/strings/match.h"

namespace lqvg::train {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kEps = 1e-8;

double RateOf(const std::string& name, const std::vector<RateGroup>& groups) {
  for (const RateGroup& group : groups) {
    for (const std::string& part : group.parts) {
      if (absl::StrContains(name, part)) return group.rate;
    }
  }
  return 1.0;
}

// A parameter that no gradient reached in this step (a word that did not occur has one, of zeros) stands still.
std::vector<at::Tensor> GradientsOf(const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> gradients;
  gradients.reserve(parameters.size());
  for (const at::Tensor& parameter : parameters) {
    gradients.push_back(parameter.grad().defined() ? parameter.grad() : at::zeros_like(parameter));
  }
  return gradients;
}

}  // namespace

AdamW::AdamW(const NamedTensors& parameters, const std::vector<RateGroup>& groups, double weight_decay)
    : weight_decay_(weight_decay) {
  for (const auto& [name, parameter] : parameters) {
    if (!parameter.requires_grad()) continue;
    const at::Tensor first = first_[name] = at::zeros_like(parameter),
                     second = second_[name] = at::zeros_like(parameter);
    // Norms, biases and embeddings of places are not decayed towards zero: zero means nothing for them.
    Group& group = GroupFor(RateOf(name, groups), parameter.dim() > 1);
    group.parameters.push_back(parameter);
    group.first.push_back(first);
    group.second.push_back(second);
    group.steps.push_back(at::zeros({}, parameter.options().requires_grad(false)));
  }
}

AdamW::Group& AdamW::GroupFor(double rate, bool decays) {
  for (Group& group : groups_) {
    if (group.rate == rate && group.decays == decays) return group;
  }
  return groups_.emplace_back(Group{rate, decays, {}, {}, {}, {}});
}

at::Tensor AdamW::ClipGradients(double max_norm) {
  const c10::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const Group& group : groups_) {
    const std::vector<at::Tensor> of_group = GradientsOf(group.parameters);
    gradients.insert(gradients.end(), of_group.begin(), of_group.end());
  }
  at::Tensor norm = at::stack(at::_foreach_norm(gradients, 2)).norm();
  at::_foreach_mul_(gradients, (max_norm / (norm + 1e-6)).clamp_max(1.0));
  return norm;
}

void AdamW::Step(std::int64_t step, double learning_rate) {
  const c10::NoGradGuard no_grad;
  for (Group& group : groups_) {
    const std::vector<at::Tensor> gradients = GradientsOf(group.parameters);
    for (at::Tensor& steps : group.steps) steps.fill_(step);
    at::_fused_adamw_(group.parameters, gradients, group.first, group.second, /*max_exp_avg_sqs=*/{}, group.steps,
                      learning_rate * group.rate, kBeta1, kBeta2, group.decays ? weight_decay_ : 0.0, kEps,
                      /*amsgrad=*/false, /*maximize=*/false);
    for (at::Tensor& parameter : group.parameters) parameter.mutable_grad().reset();
  }
}

}  // namespace lqvg::train
