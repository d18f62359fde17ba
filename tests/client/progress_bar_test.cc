#include "client/cli/progress_bar.h"

#include <gtest/gtest.h>

#include <sstream>

namespace lqvg::cli {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'000);

TEST(ProgressText, SaysHowFarHowFastAndHowLongStill) {
  EXPECT_EQ(ProgressText({.total = 400, .done = 100, .failed = 0}, absl::Seconds(50)),
            "[#######-----------------------]  100/400  2.0/s  2:30 left");
  EXPECT_EQ(ProgressText({.total = 100'000, .done = 10'000, .failed = 3}, absl::Seconds(500)),
            "[###---------------------------]  10000/100000  20.0/s  1:15:00 left  3 failed");
}

TEST(ProgressText, ClaimsNoRateBeforeThereIsOne) {
  EXPECT_EQ(ProgressText({.total = 4, .done = 0, .failed = 0}, absl::Seconds(1)),
            "[------------------------------]  0/4");
}

TEST(ProgressBar, WritesALineEveryFiveSecondsWhereThereIsNoTerminal) {
  std::ostringstream stream;
  ProgressBar bar(stream, false, 3, kStart);
  bar.Add(false, kStart + absl::Milliseconds(4999));
  EXPECT_EQ(stream.str(), "");
  bar.Add(true, kStart + absl::Seconds(5));
  bar.Add(false, kStart + absl::Seconds(6));
  bar.Finish();
  EXPECT_EQ(stream.str(), "lqvg: [####################----------]  2/3  0.4/s  0:03 left  1 failed\n");
}

TEST(ProgressBar, NamesTheProgramWhereThereIsNoTerminal) {
  std::ostringstream stream;
  ProgressBar bar(stream, false, 1, kStart, "lqvg-eval");
  bar.Add(false, kStart + absl::Seconds(5));
  EXPECT_EQ(stream.str().substr(0, 12), "lqvg-eval: [");
}

TEST(ProgressBar, RedrawsItselfOnATerminalAndLeavesNothing) {
  std::ostringstream stream;
  ProgressBar bar(stream, true, 2, kStart);
  bar.Add(false, kStart + absl::Milliseconds(100));
  bar.Add(false, kStart + absl::Milliseconds(150));
  bar.Finish();
  EXPECT_EQ(stream.str(), "\r\x1b[K[###############---------------]  1/2  10.0/s  0:00 left\r\x1b[K");
}

}  // namespace
}  // namespace lqvg::cli
