#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "client/load/report.h"
#include "tests/client/load/report_steps.h"

namespace lqvg::load {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(StepTest, TellsGoodCallsPerSecond) {
  EXPECT_EQ(GoodputPerSecond(TenSeconds(1000, absl::Milliseconds(30))), 90);
  EXPECT_EQ(GoodputPerSecond(Step{}), 0);
}

TEST(StepTest, DoubtsNothingOfAnOrdinaryStep) {
  EXPECT_THAT(Doubts(TenSeconds(1000, absl::Milliseconds(30))), IsEmpty());
  EXPECT_THAT(Doubts(ClosedLoop(1)), IsEmpty());
  EXPECT_THAT(Doubts(Step{}), IsEmpty());
}

// A hundred calls, all with the same lag and latency.
Step WithLag(absl::Duration lag, absl::Duration latency) {
  Step step;
  for (int i = 0; i < 100; ++i) step.tally.Count({.latency = latency, .lag = lag});
  return step;
}

TEST(StepTest, DoubtsWhereCallsWereSentLate) {
  EXPECT_THAT(Doubts(WithLag(absl::Milliseconds(2), absl::Milliseconds(19))),
              ElementsAre("Calls were sent late: 1 % of them by 2.00 ms or more, at a median latency of 19.0 ms."));
  EXPECT_THAT(Doubts(WithLag(absl::Milliseconds(2), absl::Milliseconds(21))), IsEmpty());
  EXPECT_THAT(Doubts(WithLag(absl::Microseconds(1000), absl::Milliseconds(2))), IsEmpty());
  EXPECT_THAT(Doubts(WithLag(absl::Microseconds(1002), absl::Milliseconds(2))), SizeIs(1));
}

TEST(StepTest, DoubtsNotForTheSlowestCallInAHundred) {
  Step step = WithLag(absl::Microseconds(10), absl::Milliseconds(1));
  step.tally.Count({.latency = absl::Milliseconds(1), .lag = absl::Seconds(1)});
  EXPECT_THAT(Doubts(step), IsEmpty());
  step.tally.Count({.latency = absl::Milliseconds(1), .lag = absl::Seconds(1)});
  EXPECT_THAT(Doubts(step), SizeIs(1));
}

TEST(StepTest, DoubtsWhereCallsThatWereDueWereLeftOut) {
  Step step{.offered = 100, .due = 1000, .duration = absl::Seconds(10)};
  step.tally.sent = 999;
  EXPECT_THAT(Doubts(step),
              ElementsAre("Only 999 of the 1000 calls that were due were sent: too many were unanswered."));
  step.tally.sent = 1000;
  EXPECT_THAT(Doubts(step), IsEmpty());
}

TEST(StepTest, DoubtsWhereTheToolIsBusy) {
  Step step{.client_cpu = 1.81, .client_cores = 2};
  EXPECT_THAT(Doubts(step), ElementsAre("This tool used 1.81 of its 2 cores."));
  step.client_cpu = 1.8;
  EXPECT_THAT(Doubts(step), IsEmpty());
  EXPECT_THAT(Doubts(Step{.client_cpu = 0.95}), ElementsAre("This tool used 0.95 of its 1 core."));
}

}  // namespace
}  // namespace lqvg::load
