#include "train/curves/roc.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lqvg::curves {
namespace {

TEST(Auroc, CountsPairsAndHalvesTies) {
  EXPECT_EQ(Auroc({0.9f, 0.8f}, {0.1f, 0.2f, 0.3f}), 1.0);
  EXPECT_EQ(Auroc({0.1f}, {0.9f}), 0.0);
  EXPECT_EQ(Auroc({0.5f}, {0.5f}), 0.5);
  EXPECT_NEAR(Auroc({0.9f, 0.2f}, {0.5f, 0.2f, 0.1f}), (3 + 1.5) / 6, 1e-12);
  EXPECT_TRUE(std::isnan(Auroc({}, {0.5f})));
  EXPECT_TRUE(std::isnan(Auroc({0.5f}, {})));
}

}  // namespace
}  // namespace lqvg::curves
