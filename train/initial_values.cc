#include "train/initial_values.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <numbers>

#include "absl/strings/match.h"
#include "model/architecture.h"

namespace lqvg::train {
namespace {

constexpr double kPriorProbability = 0.01;  // of a query's being the answer, before anything is learned

std::uint64_t Fnv1a(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// Heads look into as many directions, the points of a head one step further each: [heads * levels * points * 2].
at::Tensor StarOfOffsets(std::int64_t count, std::int64_t heads, std::int64_t levels) {
  const std::int64_t points = count / (heads * levels * 2);
  std::vector<float> offsets;
  for (std::int64_t head = 0; head < heads; ++head) {
    const double angle = 2.0 * std::numbers::pi * static_cast<double>(head) / static_cast<double>(heads);
    const double reach = std::max(std::abs(std::cos(angle)), std::abs(std::sin(angle)));
    for (std::int64_t level = 0; level < levels; ++level) {
      for (std::int64_t point = 1; point <= points; ++point) {
        offsets.push_back(static_cast<float>(std::cos(angle) / reach * static_cast<double>(point)));
        offsets.push_back(static_cast<float>(std::sin(angle) / reach * static_cast<double>(point)));
      }
    }
  }
  return at::tensor(offsets, at::kFloat);
}

bool IsNorm(const std::string& name) {
  return absl::StrContains(name, "norm") || absl::StrContains(name, "Norm") || absl::StrContains(name, ".bn") ||
         absl::StrContains(name, "downsample.1.") ||
         (absl::StartsWith(name, "input_proj.") && absl::StrContains(name, ".1."));
}

at::Tensor Bias(const std::string& name, at::IntArrayRef shape, std::int64_t heads) {
  if (absl::EndsWith(name, "sampling_offsets.bias")) return StarOfOffsets(shape[0], heads, Architecture::kLevels);
  if (absl::StartsWith(name, "class_embed.")) {
    return at::full(shape, -std::log((1 - kPriorProbability) / kPriorProbability), at::kFloat);
  }
  if (absl::StartsWith(name, "fusion_module") && absl::EndsWith(name, "out_proj.bias")) return at::ones(shape);
  at::Tensor bias = at::zeros(shape, at::kFloat);
  // The first layer's boxes start small: sigmoid(-2) is an eighth of the picture. Later layers start from those.
  if (name == "bbox_embed.0.layers.2.bias") bias.narrow(0, 2, 2).fill_(-2.0);
  return bias;
}

at::Tensor XavierUniform(at::IntArrayRef shape, at::Generator& generator) {
  const std::int64_t field = shape.size() == 4 ? shape[2] * shape[3] : 1;
  const double bound = std::sqrt(6.0 / static_cast<double>((shape[0] + shape[1]) * field));
  return at::empty(shape, at::kFloat).uniform_(-bound, bound, generator);
}

}  // namespace

at::Tensor InitialValue(const std::string& name, at::IntArrayRef shape, std::int64_t heads, std::uint64_t seed) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed ^ Fnv1a(name));
  const auto normal = [&](double deviation) { return at::empty(shape, at::kFloat).normal_(0.0, deviation, generator); };
  if (absl::EndsWith(name, "running_mean")) return at::zeros(shape, at::kFloat);
  if (absl::EndsWith(name, "running_var")) return at::ones(shape, at::kFloat);
  if (absl::EndsWith(name, "bias")) return Bias(name, shape, heads);
  if (IsNorm(name)) return absl::EndsWith(name, "bn3.weight") ? at::zeros(shape) : at::ones(shape);
  // The sentence is multiplied by what it reads of one level after another, and asks the next with the product: gates
  // that are not one at first feed on themselves until tanh lets nothing of the expression through (ADR 27).
  if (name == "fusion_module_text.multihead_attn.out_proj.weight") return at::zeros(shape, at::kFloat);
  if (absl::EndsWith(name, "sampling_offsets.weight") || absl::EndsWith(name, "attention_weights.weight")) {
    return at::zeros(shape, at::kFloat);
  }
  if (absl::StartsWith(name, "bbox_embed.") && absl::EndsWith(name, "layers.2.weight")) return at::zeros(shape);
  if (absl::StrContains(name, "embeddings.")) return normal(0.02);  // BERT's
  if (name == "query_embed.weight" || name == "transformer.level_embed") return normal(1.0);
  if (absl::StartsWith(name, "backbone.")) {  // He et al., fan out
    return normal(std::sqrt(2.0 / static_cast<double>(shape[0] * shape[2] * shape[3])));
  }
  return XavierUniform(shape, generator);
}

}  // namespace lqvg::train
