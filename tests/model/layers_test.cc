#include "model/layers.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "model/deformable_transformer.h"

namespace lqvg {
namespace {

double MaxDifference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

MultiheadAttention RandomAttention(std::int64_t dim, std::int64_t heads) {
  return {
      at::randn({3 * dim, dim}) * 0.2, at::randn({3 * dim}), {at::randn({dim, dim}) * 0.2, at::randn({dim})}, heads};
}

TEST(LayersTest, AttentionMatchesLibTorchsOwn) {
  at::manual_seed(1);
  const MultiheadAttention attention = RandomAttention(24, 4);
  const at::Tensor x = at::randn({2, 5, 24});
  const at::Tensor valid = at::ones({2, 5}, at::kBool);
  valid[1].narrow(0, 3, 2).fill_(false);
  const auto [expected, weights] =
      at::_native_multi_head_attention(x, x, x, 24, 4, attention.in_proj_weight, attention.in_proj_bias,
                                       attention.out_proj.weight, attention.out_proj.bias, valid.logical_not(),
                                       /*need_weights=*/false, /*average_attn_weights=*/true, /*mask_type=*/1);
  EXPECT_LT(MaxDifference(Forward(attention, x, x, x, valid), expected), 1e-5);
}

TEST(LayersTest, WhatPaddingHoldsChangesNothing) {
  at::manual_seed(2);
  const MultiheadAttention attention = RandomAttention(16, 2);
  const at::Tensor query = at::randn({1, 3, 16}), key = at::randn({1, 4, 16}), value = at::randn({1, 4, 16});
  const at::Tensor valid = at::tensor({1, 1, 1, 0}, at::kLong).to(at::kBool).unsqueeze(0);
  const at::Tensor before = Forward(attention, query, key, value, valid);
  key.select(1, 3).fill_(1e3);
  value.select(1, 3).fill_(-1e3);
  EXPECT_EQ(MaxDifference(Forward(attention, query, key, value, valid), before), 0.0);
}

TEST(LayersTest, ImagePositionsFollowTheFormula) {
  const at::Tensor positions = SinePositions({2, 3}, 8, at::kCPU);  // [6, 8]
  const auto expected = [](double cell, double cells, int channel) {
    const double angle =
        (cell + 0.5) / (cells + 1e-6) * 2 * std::numbers::pi / std::pow(10000.0, 2.0 * (channel / 2) / 4);
    return channel % 2 == 0 ? std::sin(angle) : std::cos(angle);
  };
  for (int row = 0; row < 2; ++row) {
    for (int column = 0; column < 3; ++column) {
      for (int c = 0; c < 4; ++c) {
        EXPECT_NEAR(positions[row * 3 + column][c].item<double>(), expected(row, 2, c), 1e-5);
        EXPECT_NEAR(positions[row * 3 + column][4 + c].item<double>(), expected(column, 3, c), 1e-5);
      }
    }
  }
}

TEST(LayersTest, TextPositionsCountValidTokensOnly) {
  const at::Tensor alone = SinePositions(at::ones({1, 4}, at::kBool), 8);
  const at::Tensor padded = SinePositions(at::tensor({1, 1, 1, 1, 0, 0}, at::kLong).to(at::kBool).unsqueeze(0), 8);
  EXPECT_EQ(MaxDifference(padded.narrow(1, 0, 4), alone), 0.0);
}

TEST(LayersTest, MlpHasReluBetweenItsLayersOnly) {
  const auto one = [](float weight, float bias) { return Linear{at::full({1, 1}, weight), at::full({1}, bias)}; };
  const Mlp mlp{{one(-1, 0), one(2, -3)}};
  EXPECT_EQ(Forward(mlp, at::full({1, 1}, 5.0f)).item<float>(),
            -3.0f);  // the first layer's -5 is cut, the last's -3 is not
  EXPECT_EQ(Forward(mlp, at::full({1, 1}, -5.0f)).item<float>(), 7.0f);
}

}  // namespace
}  // namespace lqvg
