#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "client/load/report.h"
#include "tests/client/load/report_steps.h"

namespace lqvg::load {
namespace {

using ::testing::HasSubstr;

TEST(ReportTextTest, WritesLatenciesWithThreeDigitsInTheirUnit) {
  const std::vector<std::pair<absl::Duration, std::string>> table = {
      {absl::ZeroDuration(), "0 us"},
      {absl::Nanoseconds(850), "0.85 us"},
      {absl::Nanoseconds(12'340), "12.3 us"},
      {absl::Microseconds(850), "850 us"},
      {absl::Nanoseconds(999'400), "999 us"},
      {absl::Nanoseconds(999'600), "1.00 ms"},
      {absl::Microseconds(1210), "1.21 ms"},
      {absl::Microseconds(9996), "10.0 ms"},
      {absl::Microseconds(45'200), "45.2 ms"},
      {absl::Microseconds(99'960), "100 ms"},
      {absl::Microseconds(999'700), "1.00 s"},
      {absl::Milliseconds(1300), "1.30 s"},
      {absl::Hours(1), "3600 s"},
      {absl::Microseconds(-1210), "-1.21 ms"},
      {absl::InfiniteDuration(), "inf s"},
  };
  for (const auto& [latency, text] : table) EXPECT_EQ(LatencyText(latency), text) << latency;
}

TEST(ReportTextTest, ShowsALoadWhileItRuns) {
  const Step step = TenSeconds(1000, absl::Milliseconds(30));
  EXPECT_EQ(LiveLine(absl::Seconds(12), step.tally, 500),
            "12.0 s  sent 1000  ok 900  good 900  500/s  p50 1.00 ms  p99 30.0 ms");
  EXPECT_EQ(LiveLine(absl::Milliseconds(500), Tally{}, 2.5), "0.5 s  sent 0  ok 0  good 0  2.5/s");
}

TEST(ReportTextTest, TellsPeopleOfAStep) {
  const std::string text = ToText(ReportOf({TenSeconds(1000, absl::Milliseconds(30))}));
  EXPECT_EQ(text,
            "127.0.0.1:50051 (lqvg)\n"
            "100 scenes of 256 x 256, 1 expression, timeout 1s\n"
            "\n"
            "100/s offered for 10.0 s\n"
            "  calls     1000 sent, 900 ok (90.00 %), 900 good (90.00 %), 0 given up\n"
            "  goodput   90.0/s\n"
            "                  min     mean      p50      p90      p95      p99    p99.9      max\n"
            "  latency     1.00 ms  1.32 ms  1.00 ms  1.00 ms  1.00 ms  30.0 ms  30.0 ms  30.0 ms\n"
            "  service      900 us   900 us   900 us   900 us   900 us   900 us   900 us   900 us\n"
            "  errors       900 us   900 us   900 us   900 us   900 us   900 us   900 us   900 us\n"
            "  statuses\n"
            "    OK                                         900     90.00 %\n"
            "    UNAVAILABLE QUEUE_FULL                     100     10.00 %\n"
            "      256 wait\n"
            "  answers   1800 known, 900 right (50.00 %), 0 crossed\n"
            "  client    0.50 of 2 cores, lag p50 20.0 us, p99 20.0 us, max 20.0 us\n");
}

TEST(ReportTextTest, PutsSeveralStepsIntoATable) {
  const std::string text = ToText(TwoSteps());
  EXPECT_THAT(text, HasSubstr("     offered     goodput        ok      good       p50       p99     p99.9  doubts\n"
                              "       100/s      90.0/s   90.00 %   90.00 %   1.00 ms   30.0 ms   30.0 ms       0\n"
                              "       200/s       180/s   90.00 %   90.00 %   1.00 ms    300 ms    300 ms       0\n"));
  EXPECT_THAT(ToText(ReportOf({ClosedLoop(1), ClosedLoop(16)})),
              HasSubstr("   at a time     goodput        ok      good       p50       p99     p99.9  doubts\n"
                        "           1      90.0/s   90.00 %   90.00 %   1.00 ms   30.0 ms   30.0 ms       0\n"
                        "          16      90.0/s"));
}

TEST(ReportTextTest, TellsPeopleOfAStepWithoutAnswers) {
  const std::string text = ToText(ReportOf({Silent(), ClosedLoop(8)}));
  EXPECT_THAT(text, HasSubstr("  calls     100 sent, 0 ok (0.00 %), 0 good (0.00 %), 0 given up\n"));
  EXPECT_THAT(text, HasSubstr("  errors      3.00 ms"));
  EXPECT_THAT(text, HasSubstr("  answers   0 known, 0 right (-), 0 crossed\n"));
  EXPECT_THAT(text, HasSubstr("      10.0/s       0.0/s    0.00 %    0.00 %         -         -         -       0\n"));
  EXPECT_THAT(text, HasSubstr("\n8 at a time for 10.0 s\n"));
}

TEST(ReportTextTest, ShowsPeopleNoControlCharactersOfTheServer) {
  Step step;
  step.tally.Count({.status = "INTERNAL", .reason = "\x1b[2J"});
  EXPECT_THAT(ToText(ReportOf({step})), HasSubstr("INTERNAL \\x1b[2J"));
}

TEST(ReportTextTest, TellsDoubts) {
  const Step step = Doubtful();
  const std::string told = ToText(ReportOf({step, step}));
  for (const std::string& doubt : Doubts(step)) EXPECT_THAT(told, HasSubstr("\n  doubt     " + doubt + "\n"));
  EXPECT_THAT(told, HasSubstr("   30.0 ms       2\n"));  // in the table
}

}  // namespace
}  // namespace lqvg::load
