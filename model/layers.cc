#include "model/layers.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <numbers>

namespace lqvg {
namespace {

constexpr double kTemperature = 10'000.0;
constexpr double kTwoPi = 2.0 * std::numbers::pi;
constexpr double kPositionEps = 1e-6;

// position [..., 1] in 0..2 pi -> [..., dim]: channel c has frequency 1 / T^(2 floor(c / 2) / dim), even sin, odd cos.
at::Tensor SineOf(const at::Tensor& position, std::int64_t dim) {
  const at::Tensor channel = at::arange(dim, position.options());
  const at::Tensor frequency = at::pow(kTemperature, 2 * at::floor(channel / 2) / static_cast<double>(dim));
  const at::Tensor angle = position.unsqueeze(-1) / frequency;
  return at::where(at::remainder(channel, 2) == 0, at::sin(angle), at::cos(angle));
}

at::Tensor SplitHeads(const at::Tensor& x, std::int64_t heads) {
  return x.unflatten(-1, {heads, x.size(-1) / heads}).transpose(1, 2);  // [B, heads, T, D / heads]
}

Linear Part(const at::Tensor& weight, const at::Tensor& bias, std::int64_t part) {
  const std::int64_t dim = weight.size(1);
  return {weight.narrow(0, part * dim, dim), bias.narrow(0, part * dim, dim)};
}

}  // namespace

Linear LoadLinear(const Scope& scope, std::int64_t out, std::int64_t in) {
  return {scope.Take("weight", {out, in}), scope.Take("bias", {out})};
}

at::Tensor Forward(const Linear& layer, const at::Tensor& x) { return at::linear(x, layer.weight, layer.bias); }

LayerNorm LoadLayerNorm(const Scope& scope, std::int64_t size, double eps) {
  return {scope.Take("weight", {size}), scope.Take("bias", {size}), eps};
}

at::Tensor Forward(const LayerNorm& layer, const at::Tensor& x) {
  return at::layer_norm(x, layer.weight.sizes(), layer.weight, layer.bias, layer.eps);
}

Mlp LoadMlp(const Scope& scope, const std::vector<std::int64_t>& sizes) {
  Mlp mlp;
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    mlp.layers.push_back(LoadLinear(scope.In("layers", static_cast<int>(i)), sizes[i + 1], sizes[i]));
  }
  return mlp;
}

at::Tensor Forward(const Mlp& mlp, const at::Tensor& x) {
  at::Tensor y = Forward(mlp.layers.front(), x);
  for (std::size_t i = 1; i < mlp.layers.size(); ++i) y = Forward(mlp.layers[i], at::relu(y));
  return y;
}

Linear MultiheadAttention::QueryProjection() const { return Part(in_proj_weight, in_proj_bias, 0); }
Linear MultiheadAttention::KeyProjection() const { return Part(in_proj_weight, in_proj_bias, 1); }
Linear MultiheadAttention::ValueProjection() const { return Part(in_proj_weight, in_proj_bias, 2); }

MultiheadAttention LoadMultiheadAttention(const Scope& scope, std::int64_t dim, std::int64_t heads) {
  return {scope.Take("in_proj_weight", {3 * dim, dim}), scope.Take("in_proj_bias", {3 * dim}),
          LoadLinear(scope.In("out_proj"), dim, dim), heads};
}

at::Tensor AttendHeads(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, std::int64_t heads,
                       const at::Tensor& key_valid) {
  const std::int64_t head_dim = query.size(-1) / heads;
  const double scale = 1.0 / std::sqrt(static_cast<double>(head_dim));
  at::Tensor scores = at::matmul(SplitHeads(query * scale, heads), SplitHeads(key, heads).transpose(-2, -1));
  if (key_valid.defined()) {
    scores =
        scores.masked_fill(key_valid.logical_not().unsqueeze(1).unsqueeze(1), -std::numeric_limits<float>::infinity());
  }
  const at::Tensor mixed = at::matmul(at::softmax(scores, -1), SplitHeads(value, heads));  // [B, heads, Tq, D / heads]
  return mixed.transpose(1, 2).flatten(2);
}

at::Tensor Forward(const MultiheadAttention& attention, const at::Tensor& query, const at::Tensor& key,
                   const at::Tensor& value, const at::Tensor& key_valid) {
  return Forward(attention.out_proj,
                 AttendHeads(Forward(attention.QueryProjection(), query), Forward(attention.KeyProjection(), key),
                             Forward(attention.ValueProjection(), value), attention.heads, key_valid));
}

at::Tensor SinePositions(LevelShape level, std::int64_t dim, at::Device device) {
  const at::TensorOptions options = at::TensorOptions(at::kFloat).device(device);
  const auto along = [&](std::int64_t cells) {
    const at::Tensor index = at::arange(1, cells + 1, options);
    return SineOf((index - 0.5) / (static_cast<double>(cells) + kPositionEps) * kTwoPi, dim / 2);  // [cells, dim / 2]
  };
  const at::Tensor y = along(level.height).unsqueeze(1).expand({level.height, level.width, dim / 2});
  const at::Tensor x = along(level.width).unsqueeze(0).expand({level.height, level.width, dim / 2});
  return at::cat({y, x}, -1).flatten(0, 1);
}

at::Tensor SinePositions(const at::Tensor& valid, std::int64_t dim) {
  const at::Tensor index = valid.to(at::kFloat).cumsum(1);         // [B, T], 1..n
  const at::Tensor count = index.narrow(1, index.size(1) - 1, 1);  // [B, 1]
  return SineOf(index / (count + kPositionEps) * kTwoPi, dim);
}

}  // namespace lqvg
