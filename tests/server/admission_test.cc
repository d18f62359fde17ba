#include "server/admission.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "image/rejection.h"
#include "tests/support/fake_clock.h"

namespace lqvg::serving {
namespace {

std::string RefusalOf(Admission& admission, std::size_t bytes = 1) {
  const absl::StatusOr<AdmissionSlot> slot = admission.Admit(bytes);
  EXPECT_TRUE(slot.ok() || absl::IsUnavailable(slot.status()));
  return ReasonOf(slot.status());
}

TEST(AdmissionTest, IsLoadingThenOpenThenClosedForGood) {
  Admission admission({});
  EXPECT_EQ(RefusalOf(admission), "MODEL_LOADING");
  admission.Open();
  EXPECT_EQ(RefusalOf(admission), "");
  admission.Close();
  admission.Open();
  EXPECT_EQ(RefusalOf(admission), "SHUTTING_DOWN");
}

TEST(AdmissionTest, RefusesTheFirstCallTooManyAndSaysTheLimit) {
  Admission admission({.max_calls = 2, .max_bytes = 100});
  admission.Open();
  const absl::StatusOr<AdmissionSlot> first = admission.Admit(1);
  absl::StatusOr<AdmissionSlot> second = admission.Admit(1);
  const absl::Status refused = admission.Admit(1).status();
  EXPECT_EQ(admission.occupancy().received, 3u);
  EXPECT_EQ(admission.occupancy().admitted, 2u);
  EXPECT_EQ(ReasonOf(refused), "QUEUE_FULL");
  EXPECT_EQ(refused.message(), "2 calls are in the server, the limit is 2");
  second->GiveBack();
  EXPECT_EQ(RefusalOf(admission), "");
}

TEST(AdmissionTest, AFurtherPartOfACallNeedsAPlaceButIsNoNewCallAndIsNotRefusedByADrain) {
  Admission admission({.max_calls = 2, .max_bytes = 100});
  admission.Open();
  absl::StatusOr<AdmissionSlot> call = admission.Admit(1);
  admission.Close();
  const absl::StatusOr<AdmissionSlot> part = admission.AdmitPart(1);
  EXPECT_TRUE(part.ok()) << part.status();
  EXPECT_EQ(ReasonOf(admission.AdmitPart(1).status()), "QUEUE_FULL");
  EXPECT_EQ(admission.occupancy().in_flight, 2);
  EXPECT_EQ(admission.occupancy().received, 1u);
  EXPECT_EQ(admission.occupancy().admitted, 1u);
  call->GiveBack();
  EXPECT_EQ(ReasonOf(admission.AdmitPart(100).status()), "MEMORY_BUDGET");
}

TEST(AdmissionTest, RefusesTheFirstByteTooManyAndSaysTheLimit) {
  Admission admission({.max_calls = 9, .max_bytes = 100});
  admission.Open();
  EXPECT_EQ(RefusalOf(admission, 101), "MEMORY_BUDGET");
  EXPECT_EQ(RefusalOf(admission, ~std::size_t{0}), "MEMORY_BUDGET");
  const absl::StatusOr<AdmissionSlot> most = admission.Admit(99);
  EXPECT_EQ(RefusalOf(admission, 1), "");
  const absl::Status refused = admission.Admit(2).status();
  EXPECT_EQ(ReasonOf(refused), "MEMORY_BUDGET");
  EXPECT_EQ(refused.message(), "calls of 99 bytes are in the server, another 2 bytes exceed the limit of 100");
}

TEST(AdmissionTest, ASmallRequestCountsAsTheCanvasThatItBecomes) {
  Admission admission({.max_calls = 9, .max_bytes = 100});
  admission.Open(/*least_bytes=*/40);
  const absl::StatusOr<AdmissionSlot> small = admission.Admit(1);
  EXPECT_EQ(admission.occupancy().bytes, 40u);
  const absl::StatusOr<AdmissionSlot> large = admission.Admit(41);
  EXPECT_EQ(admission.occupancy().bytes, 81u);
  EXPECT_EQ(RefusalOf(admission, 1), "MEMORY_BUDGET");
}

TEST(AdmissionTest, OneCallerDoesNotFillTheHouse) {
  Admission admission({.max_calls = 8, .max_bytes = 1000, .caller_percent = 25});
  admission.Open();
  std::vector<AdmissionSlot> slots;
  for (int i = 0; i < 2; ++i) slots.push_back(*admission.Admit(1, "greedy"));
  const absl::Status refusal = admission.Admit(1, "greedy").status();
  EXPECT_EQ(refusal.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refusal), "QUOTA_EXCEEDED");
  EXPECT_EQ(refusal.message(), "2 calls of this caller are in the server, its share of 8 is 2");
  EXPECT_TRUE(admission.Admit(1, "another").ok());
  EXPECT_TRUE(admission.Admit(1).ok()) << "nobody's share is counted";
  slots.pop_back();
  EXPECT_TRUE(admission.Admit(1, "greedy").ok()) << "a place that was given back is free for its caller";
}

TEST(AdmissionTest, ACallersBytesAreCountedToo) {
  Admission admission({.max_calls = 8, .max_bytes = 1000, .caller_percent = 50});
  admission.Open();
  const absl::StatusOr<AdmissionSlot> slot = admission.Admit(400, "greedy");
  EXPECT_EQ(admission.Admit(101, "greedy").status().message(),
            "calls of 400 bytes of this caller are in the server, another 101 bytes exceed its share of 500");
  EXPECT_TRUE(admission.Admit(100, "greedy").ok());
}

TEST(AdmissionTest, AFirstCallMayExceedItsCallersShare) {
  Admission admission({.max_calls = 2, .max_bytes = 1000, .caller_percent = 10});
  admission.Open();
  EXPECT_TRUE(admission.Admit(900, "large").ok());
}

TEST(AdmissionTest, CountsACallAsPendingUntilTheModelBeginsAndAsInFlightUntilItEnds) {
  Admission admission({});
  admission.Open();
  absl::StatusOr<AdmissionSlot> running = admission.Admit(10);
  absl::StatusOr<AdmissionSlot> waiting = admission.Admit(20);
  running->MarkExecuting();
  running->MarkExecuting();
  EXPECT_EQ(admission.occupancy().in_flight, 2);
  EXPECT_EQ(admission.occupancy().pending, 1);
  EXPECT_EQ(admission.occupancy().bytes, 30u);

  running->GiveBack();
  running->GiveBack();
  waiting->GiveBack();
  waiting->MarkExecuting();
  EXPECT_EQ(admission.occupancy().in_flight, 0);
  EXPECT_EQ(admission.occupancy().pending, 0);
  EXPECT_EQ(admission.occupancy().bytes, 0u);
}

TEST(AdmissionTest, AMovedSlotIsGivenBackOnce) {
  Admission admission({});
  admission.Open();
  {
    AdmissionSlot first = *admission.Admit(10);
    AdmissionSlot second = std::move(first);
    first = std::move(second);
  }
  EXPECT_EQ(admission.occupancy().in_flight, 0);
  EXPECT_EQ(admission.occupancy().bytes, 0u);
}

TEST(AdmissionTest, IsIdleOnlyWhenTheLastCallIsAnsweredNotWhenItsPlaceIsFree) {
  FakeClock clock;
  Admission admission({});
  admission.Open();
  {
    AdmissionSlot slot = *admission.Admit(10);
    slot.GiveBack();
    EXPECT_FALSE(admission.WaitIdle(clock, clock.Now()));
  }
  EXPECT_TRUE(admission.WaitIdle(clock, clock.Now()));
}

TEST(AdmissionTest, WaitIdleWakesWhenTheLastCallIsAnswered) {
  const SteadyClock clock;
  Admission admission({});
  admission.Open();
  AdmissionSlot slot = *admission.Admit(10);
  std::thread answering([held = std::move(slot)]() mutable { AdmissionSlot(std::move(held)).GiveBack(); });
  EXPECT_TRUE(admission.WaitIdle(clock, TimePoint::max()));
  answering.join();
}

}  // namespace
}  // namespace lqvg::serving
