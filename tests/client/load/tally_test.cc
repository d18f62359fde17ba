#include "client/load/tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lqvg::load {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

Outcome OkOutcome() {
  return {.latency = absl::Milliseconds(12),
          .service = absl::Milliseconds(10),
          .lag = absl::Milliseconds(2),
          .within_deadline = true,
          .expressions = 4,
          .answers_known = 3,
          .answers_right = 2};
}

Outcome Refused() {
  return {.status = "UNAVAILABLE",
          .reason = "QUEUE_FULL",
          .latency = absl::Milliseconds(7),
          .service = absl::Milliseconds(5),
          .lag = absl::Milliseconds(2),
          .expressions = 4};
}

Tally TallyOf(const Outcome& outcome) {
  Tally tally;
  tally.Count(outcome);
  return tally;
}

TEST(TallyTest, CountsAGoodCallWithItsAnswersAndTimes) {
  const Tally tally = TallyOf(OkOutcome());
  EXPECT_EQ(tally.sent, 1);
  EXPECT_EQ(tally.ok, 1);
  EXPECT_EQ(tally.good, 1);
  EXPECT_EQ(tally.given_up, 0);
  EXPECT_EQ(tally.expressions_ok, 4);
  EXPECT_EQ(tally.answers_known, 3);
  EXPECT_EQ(tally.answers_right, 2);
  EXPECT_EQ(tally.crossed, 0);
  EXPECT_THAT(tally.statuses, ElementsAre(Pair("OK", 1)));
  EXPECT_EQ(tally.ok_latency.Max(), absl::Milliseconds(12));
  EXPECT_EQ(tally.ok_service.Max(), absl::Milliseconds(10));
  EXPECT_EQ(tally.lag.Max(), absl::Milliseconds(2));
  EXPECT_EQ(tally.error_latency.count(), 0);
}

TEST(TallyTest, CountsAnOkCallAfterItsDeadlineAsNotGood) {
  Outcome late = OkOutcome();
  late.within_deadline = false;
  const Tally tally = TallyOf(late);
  EXPECT_EQ(tally.ok, 1);
  EXPECT_EQ(tally.good, 0);
}

TEST(TallyTest, CountsAnswersOfAnotherCall) {
  Outcome crossed = OkOutcome();
  crossed.crossed = true;
  EXPECT_EQ(TallyOf(crossed).crossed, 1);
}

TEST(TallyTest, CountsAnErrorByStatusAndReasonWithTheTimeSinceItWasSent) {
  Outcome refused = Refused();
  refused.within_deadline = true;  // means nothing of an error
  const Tally tally = TallyOf(refused);
  EXPECT_EQ(tally.sent, 1);
  EXPECT_EQ(tally.ok, 0);
  EXPECT_EQ(tally.good, 0);
  EXPECT_EQ(tally.expressions_ok, 0);
  EXPECT_THAT(tally.statuses, ElementsAre(Pair("UNAVAILABLE QUEUE_FULL", 1)));
  EXPECT_EQ(tally.error_latency.Max(), absl::Milliseconds(5));
  EXPECT_EQ(tally.ok_latency.count(), 0);
  EXPECT_EQ(tally.ok_service.count(), 0);
  EXPECT_EQ(tally.lag.count(), 1);
}

TEST(TallyTest, KeepsTheFirstMessageOfAStatus) {
  Tally tally, other;
  tally.Count({.status = "UNAVAILABLE", .message = "first"});
  tally.Count({.status = "UNAVAILABLE", .message = "second"});
  tally.Count({.status = "CANCELLED"});
  other.Count({.status = "UNAVAILABLE", .message = "third"});
  other.Count({.status = "INTERNAL", .message = "fourth"});
  tally.Add(other);
  EXPECT_EQ(tally.messages, (std::map<std::string, std::string>{{"UNAVAILABLE", "first"}, {"INTERNAL", "fourth"}}));
}

TEST(TallyTest, NamesAStatusWithoutReasonAlone) {
  EXPECT_THAT(TallyOf({.status = "DEADLINE_EXCEEDED"}).statuses, ElementsAre(Pair("DEADLINE_EXCEEDED", 1)));
}

TEST(TallyTest, CountsWhatItGaveUpNowhereElseHoweverItEnded) {
  for (Outcome outcome : {OkOutcome(), Refused()}) {
    outcome.given_up = true;
    outcome.crossed = true;
    const Tally tally = TallyOf(outcome);
    EXPECT_EQ(tally.sent, 1);
    EXPECT_EQ(tally.given_up, 1);
    EXPECT_EQ(tally.statuses.size(), 1u);
    EXPECT_EQ(tally.lag.count(), 1);
    EXPECT_EQ(tally.ok + tally.good + tally.expressions_ok + tally.answers_known + tally.answers_right + tally.crossed,
              0);
    EXPECT_EQ(tally.ok_latency.count() + tally.ok_service.count() + tally.error_latency.count(), 0);
  }
}

TEST(TallyTest, HoldsTheSameAfterAddingPartsAsAfterCountingAll) {
  Outcome given_up = Refused(), crossed = OkOutcome();
  given_up.given_up = true;
  crossed.crossed = true;
  crossed.latency = absl::Milliseconds(40);
  Tally all, first, second;
  for (const Outcome& outcome : {OkOutcome(), Refused(), given_up}) {
    all.Count(outcome);
    first.Count(outcome);
  }
  for (const Outcome& outcome : {OkOutcome(), crossed, Refused(), Outcome{.status = "INTERNAL"}}) {
    all.Count(outcome);
    second.Count(outcome);
  }
  first.Add(second);
  EXPECT_EQ(first.sent, all.sent);
  EXPECT_EQ(first.ok, all.ok);
  EXPECT_EQ(first.good, all.good);
  EXPECT_EQ(first.given_up, all.given_up);
  EXPECT_EQ(first.expressions_ok, all.expressions_ok);
  EXPECT_EQ(first.answers_known, all.answers_known);
  EXPECT_EQ(first.answers_right, all.answers_right);
  EXPECT_EQ(first.crossed, all.crossed);
  EXPECT_EQ(first.statuses, all.statuses);
  EXPECT_EQ(first.ok_latency.Mean(), all.ok_latency.Mean());
  EXPECT_EQ(first.ok_service.count(), all.ok_service.count());
  EXPECT_EQ(first.error_latency.count(), all.error_latency.count());
  EXPECT_EQ(first.lag.count(), all.lag.count());
}

}  // namespace
}  // namespace lqvg::load
