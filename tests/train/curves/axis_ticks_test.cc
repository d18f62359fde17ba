#include "train/curves/axis_ticks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lqvg::curves {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::vector<std::string> Labels(const std::vector<Tick>& ticks) {
  std::vector<std::string> labels;
  for (const Tick& tick : ticks) {
    if (!tick.label.empty()) labels.push_back(tick.label);
  }
  return labels;
}

TEST(AxisTicksTest, StandAtRoundNumbersWithTheDigitsThatTellThemApart) {
  EXPECT_THAT(Labels(LinearTicks({0, 1}, 5)), ElementsAre("0", "0.2", "0.4", "0.6", "0.8", "1.0"));
  EXPECT_THAT(Labels(LinearTicks({0, 40000}, 4)), ElementsAre("0", "10k", "20k", "30k", "40k"));
  EXPECT_THAT(Labels(LinearTicks({-2, 2}, 4)), ElementsAre("-2", "-1", "0", "1", "2"));
  EXPECT_THAT(Labels(LinearTicks({0.51, 0.56}, 3)), ElementsAre("0.52", "0.54", "0.56"));
  EXPECT_THAT(Labels(LinearTicks({0, 1e-4}, 5)), ElementsAre("0", "2e-05", "4e-05", "6e-05", "8e-05", "1e-04"));
  EXPECT_THAT(Labels(LinearTicks({0, 3e6}, 6)), ElementsAre("0", "0.5M", "1.0M", "1.5M", "2.0M", "2.5M", "3.0M"));
  EXPECT_THAT(Labels(LinearTicks({20000, 20400}, 4)), ElementsAre("20.0k", "20.1k", "20.2k", "20.3k", "20.4k"));
}

TEST(AxisTicksTest, IncludeTheEndsWhateverRoundingDoes) {
  const std::vector<Tick> ticks = LinearTicks({0.1, 0.7}, 6);  // 0.7 is a little less than 7 * 0.1
  ASSERT_THAT(ticks, SizeIs(7));
  EXPECT_EQ(ticks.front().label, "0.1");
  EXPECT_EQ(ticks.back().label, "0.7");
}

TEST(AxisTicksTest, OfLogarithmsArePowersOfTenWithMarksBetween) {
  const std::vector<Tick> ticks = LogTicks({0.01, 10});
  EXPECT_THAT(Labels(ticks), ElementsAre("0.01", "0.1", "1", "10"));
  EXPECT_THAT(ticks, SizeIs(28));
  EXPECT_THAT(Labels(LogTicks({1e-6, 1e-4})), ElementsAre("1e-06", "1e-05", "1e-04"));
}

TEST(AxisTicksTest, OfManyPowersHaveLabelsThatDoNotTouch) {
  EXPECT_THAT(Labels(LogTicks({1e-10, 1e10})), ElementsAre("1e-09", "1e-06", "0.001", "1", "1000", "1e+06", "1e+09"));
}

TEST(AxisTicksTest, OfAShortLogarithmicRangeHaveLabelsNevertheless) {
  EXPECT_THAT(Labels(LogTicks({0.15, 0.8})), ElementsAre("0.2", "0.5"));
  EXPECT_THAT(Labels(LogTicks({0.61, 0.69})), ElementsAre("0.62", "0.64", "0.66", "0.68"));
}

TEST(AxisTicksTest, ARangeIsRoundedOutToTicks) {
  const Range range = RoundedOut({27.4, 36.2}, 5);
  EXPECT_DOUBLE_EQ(range.low, 26);
  EXPECT_DOUBLE_EQ(range.high, 38);
  const Range round = RoundedOut({0, 1}, 5);
  EXPECT_DOUBLE_EQ(round.low, 0);
  EXPECT_DOUBLE_EQ(round.high, 1);
}

}  // namespace
}  // namespace lqvg::curves
