#include "model/kernels/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include "tests/model/deform_attn_problem.h"

namespace lqvg::kernels {
namespace {

void ExpectDefinition(Problem problem) {
  Kernels().deform_attn(problem.Args(), 0, problem.queries);
  for (std::int64_t q = 0; q < problem.queries; ++q) {
    for (std::int64_t h = 0; h < problem.heads; ++h) {
      EXPECT_NEAR(problem.inside[q * problem.heads + h], Expected(problem, q, h, 0, true), 1e-5);
      for (std::int64_t c = 0; c < problem.channels; ++c) {
        ASSERT_NEAR(problem.out[(q * problem.heads + h) * problem.channels + c], Expected(problem, q, h, c, false),
                    1e-5)
            << "query " << q << " head " << h << " channel " << c;
      }
    }
  }
}

TEST(KernelsTest, TheForcedInstructionSetIsTheOneRunning) {
  const char* forced = std::getenv("LQVG_ISA");
  if (forced == nullptr) GTEST_SKIP() << "LQVG_ISA is not set";
  EXPECT_STREQ(Kernels().isa, forced);
}

TEST(KernelsTest, PointsAroundACentreMatchTheDefinition) { ExpectDefinition(Problem(8, 32, 4, 2, false)); }
TEST(KernelsTest, PointsInABoxMatchTheDefinition) { ExpectDefinition(Problem(8, 32, 4, 4, false)); }
TEST(KernelsTest, HeadsMayShareAllChannels) { ExpectDefinition(Problem(4, 64, 4, 4, true)); }

TEST(KernelsTest, AnyNumberOfChannelsMatchesTheDefinition) {
  for (const std::int64_t channels : {1, 3, 15, 16, 17, 31, 33, 48, 50})
    ExpectDefinition(Problem(2, channels, 3, 2, false));
}

TEST(KernelsTest, ARangeWritesOnlyItsQueries) {
  Problem problem(2, 32, 4, 2, false);
  Kernels().deform_attn(problem.Args(), 5, 7);
  for (std::int64_t q = 0; q < problem.queries; ++q) {
    EXPECT_EQ(problem.inside[q * problem.heads] != -99.0f, q == 5 || q == 6) << q;
  }
}

TEST(KernelsTest, WildOffsetsReadNothing) {
  for (const float wild :
       {1e30f, -1e30f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Problem problem(2, 16, 4, 2, false);
    for (float& offset : problem.offsets) offset = wild;
    Kernels().deform_attn(problem.Args(), 0, problem.queries);
    for (const float v : problem.out) ASSERT_EQ(v, 0.0f);
    for (const float v : problem.inside) ASSERT_EQ(v, 0.0f);
  }
}

}  // namespace
}  // namespace lqvg::kernels
