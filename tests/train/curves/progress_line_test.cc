#include "train/curves/progress_line.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace lqvg::curves {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(ProgressLineTest, ShowsEverythingThatIsKnown) {
  Progress progress;
  progress.step = 1200;
  progress.steps = 40000;
  progress.samples = 19200;
  progress.loss = 0.5321;
  progress.parts = {{"boxes", 0.21}, {"giou", 0.302}};
  progress.others = {{"acc@0.5", 0.61}};
  progress.samples_per_second = 31.42;
  progress.seconds_left = 7500;
  EXPECT_EQ(ProgressLine(progress),
            "step 1200/40000  19.2k samples  loss 0.532 (boxes 0.21, giou 0.302)  acc@0.5 0.61  31.4 samples/s  "
            "2 h 05 min left");
}

TEST(ProgressLineTest, LeavesOutWhatIsUnknown) {
  Progress progress;
  progress.step = 3;
  EXPECT_EQ(ProgressLine(progress), "step 3  0 samples");
  progress.samples_per_second = kInfinity;
  progress.parts = {{"giou", std::nan("")}};
  EXPECT_EQ(ProgressLine(progress), "step 3  0 samples  (giou nan)");
}

TEST(ProgressLineTest, ReckonsTheTimeLeftFromARateThatIsKnown) {
  EXPECT_EQ(SecondsLeft(100, 16, 32), 50);
  EXPECT_EQ(SecondsLeft(0, 16, 32), 0);
  for (const double rate : {0.0, -1.0, kInfinity, std::nan("")}) EXPECT_FALSE(SecondsLeft(100, 16, rate)) << rate;
}

TEST(ProgressLineTest, WritesDurationsInTwoUnitsAndNeverSixtyOfOne) {
  EXPECT_EQ(DurationText(0), "0 s");
  EXPECT_EQ(DurationText(59.4), "59 s");
  EXPECT_EQ(DurationText(59.6), "1 min");
  EXPECT_EQ(DurationText(3599), "1 h 00 min");
  EXPECT_EQ(DurationText(7500), "2 h 05 min");
  EXPECT_EQ(DurationText(86399), "1 d 00 h");
  EXPECT_EQ(DurationText(3 * 86400 + 4 * 3600), "3 d 04 h");
  EXPECT_EQ(DurationText(-1), "?");
  EXPECT_EQ(DurationText(kInfinity), "?");
  EXPECT_EQ(DurationText(std::nan("")), "?");
}

TEST(ProgressLineTest, WritesNumbersWithThreeDigits) {
  EXPECT_EQ(NumberText(0.53217), "0.532");
  EXPECT_EQ(NumberText(0), "0");
  EXPECT_EQ(NumberText(1.2e-7), "1.2e-07");
  EXPECT_EQ(NumberText(12345.6), "12346");
  EXPECT_EQ(NumberText(-2.5), "-2.5");
  EXPECT_EQ(NumberText(std::nan("")), "nan");
  EXPECT_EQ(NumberText(-kInfinity), "-inf");
}

TEST(ProgressLineTest, WritesCountsInThousandsAndNeverAThousandOfThem) {
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(1000), "1k");
  EXPECT_EQ(CountText(19200), "19.2k");
  EXPECT_EQ(CountText(999'400), "999k");
  EXPECT_EQ(CountText(999'600), "1M");
  EXPECT_EQ(CountText(3'400'000'000), "3.4G");
}

}  // namespace
}  // namespace lqvg::curves
