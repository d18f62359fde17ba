#include "train/initial_values.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace lqvg::train {
namespace {

// Deformable DETR's star: head h of n looks along the angle 2 pi h / n, point p by p cells, on every level.
TEST(InitialValue, OffsetsAreAStarOfTheHeads) {
  for (const std::int64_t heads : {4, 8}) {
    const std::int64_t levels = 4, points = 2;
    const at::Tensor star =
        InitialValue("sampling_offsets.bias", {heads * levels * points * 2}, heads, 1).view({heads, levels, points, 2});
    const at::Tensor left = at::tensor({-1.0f, 0.0f}), down = at::tensor({0.0f, 1.0f});
    for (std::int64_t level = 0; level < levels; ++level) {
      for (std::int64_t point = 0; point < points; ++point) {
        const double far = static_cast<double>(point + 1);
        EXPECT_TRUE(at::allclose(star[heads / 2][level][point], left * far, 0, 1e-6)) << heads << " heads";
        EXPECT_TRUE(at::allclose(star[heads / 4][level][point], down * far, 0, 1e-6)) << heads << " heads";
      }
    }
  }
}

TEST(InitialValue, IsAFunctionOfNameAndSeed) {
  const auto value = [](const char* name, std::uint64_t seed) { return InitialValue(name, {3, 5}, 8, seed); };
  EXPECT_TRUE(at::equal(value("a.weight", 1), value("a.weight", 1)));
  EXPECT_FALSE(at::equal(value("a.weight", 1), value("b.weight", 1)));
  EXPECT_FALSE(at::equal(value("a.weight", 1), value("a.weight", 2)));
}

}  // namespace
}  // namespace lqvg::train
