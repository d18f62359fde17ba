#include "train/scenes/geometry.h"

#include <cmath>

#include "gtest/gtest.h"
#include "train/scenes/random.h"

namespace lqvg::scenes {
namespace {

TEST(GeometryTest, SineAndCosineAreThoseOfMathematics) {
  for (int i = -700; i <= 700; ++i) {
    const float angle = static_cast<float>(i) * 0.01F;
    EXPECT_NEAR(Sine(angle), std::sin(angle), 1e-6) << angle;
    EXPECT_NEAR(Cosine(angle), std::cos(angle), 1e-6) << angle;
  }
}

TEST(GeometryTest, TheAngleOfADirectionIsTheAngleThatMadeIt) {
  for (int i = -314; i <= 314; ++i) {
    const float angle = static_cast<float>(i) * 0.01F;
    EXPECT_NEAR(AngleOf(Direction(angle) * 7), angle, 1e-5) << angle;
  }
}

TEST(GeometryTest, TheDistanceToASegmentIsThatToItsNearestPoint) {
  EXPECT_FLOAT_EQ(DistanceToSegment({3, 4}, {0, 0}, {10, 0}), 4);   // beside it
  EXPECT_FLOAT_EQ(DistanceToSegment({-3, 4}, {0, 0}, {10, 0}), 5);  // beyond its start
  EXPECT_FLOAT_EQ(DistanceToSegment({13, -4}, {0, 0}, {10, 0}), 5);
  EXPECT_FLOAT_EQ(DistanceToSegment({3, 4}, {0, 0}, {0, 0}), 5);  // a segment of no length
}

TEST(GeometryTest, AFrameLeadsThereAndBack) {
  const Frame frame = {{20, 30}, Direction(0.7F)};
  const Point back = frame.ToLocal(frame.ToPicture({5, -3}));
  EXPECT_NEAR(back.x, 5, 1e-5);
  EXPECT_NEAR(back.y, -3, 1e-5);
}

// The values that SplitMix64's authors publish for the seed 1234567.
TEST(RandomTest, DrawsWhatSplitMix64Draws) {
  Random random(1234567);
  EXPECT_EQ(random.Next(), 6457827717110365317U);
  EXPECT_EQ(random.Next(), 3203168211198807973U);
}

TEST(RandomTest, StaysWithinItsBounds) {
  Random random(1);
  for (int i = 0; i < 10000; ++i) {
    EXPECT_LT(random.Below(7), 7);
    const float unit = random.Unit();
    EXPECT_GE(unit, 0);
    EXPECT_LT(unit, 1);
    const int between = random.BetweenInts(-2, 2);
    EXPECT_GE(between, -2);
    EXPECT_LE(between, 2);
  }
}

}  // namespace
}  // namespace lqvg::scenes
