#include "server/decode_budget.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "image/rejection.h"
#include "tests/support/fake_clock.h"
#include "tests/support/gate.h"

namespace lqvg::serving {
namespace {

// A thread that asks for a share and holds it until it is let go.
class Holder {
 public:
  Holder(DecodeBudget& budget, const Clock& clock, std::uint64_t bytes)
      : call_(std::make_shared<Call>(
            clock, TimePoint::max(), nullptr, [](const CallOutcome&) {}, AdmissionSlot())),
        thread_([this, &budget, bytes] {
          absl::StatusOr<DecodeShare> share = budget.Reserve(bytes, *call_);
          status_ = share.status();
          answered_.Open();
          release_.Pass();
        }) {}
  ~Holder() {
    LetGo();
    call_->Cancel();
    thread_.join();
  }

  Call& call() { return *call_; }
  // Blocks until Reserve has returned.
  absl::Status Await() {
    answered_.Pass();
    return status_;
  }
  void LetGo() { release_.Open(); }

 private:
  std::shared_ptr<Call> call_;
  absl::Status status_;
  Gate answered_;
  Gate release_;
  std::thread thread_;  // last: it uses everything above
};

class DecodeBudgetTest : public testing::Test {
 protected:
  std::unique_ptr<Holder> Ask(std::uint64_t bytes) { return std::make_unique<Holder>(budget_, clock_, bytes); }
  // The same, when it stands in the line.
  std::unique_ptr<Holder> AskAndWait(std::uint64_t bytes) {
    const std::size_t before = budget_.waiting();
    std::unique_ptr<Holder> holder = Ask(bytes);
    while (budget_.waiting() == before) std::this_thread::yield();
    return holder;
  }

  FakeClock clock_;
  DecodeBudget budget_{100};
};

TEST_F(DecodeBudgetTest, GivesWhatFitsAtOnceAndTakesItBack) {
  const auto first = Ask(60);
  EXPECT_TRUE(first->Await().ok());
  const auto second = Ask(40);
  EXPECT_TRUE(second->Await().ok());
  EXPECT_EQ(budget_.reserved(), 100u);
  first->LetGo();
  second->LetGo();
  while (budget_.reserved() > 0) std::this_thread::yield();
}

TEST_F(DecodeBudgetTest, WhoDoesNotFitWaitsUntilThereIsRoom) {
  const auto first = Ask(60);
  EXPECT_TRUE(first->Await().ok());
  const auto second = AskAndWait(41);
  EXPECT_EQ(budget_.reserved(), 60u);
  first->LetGo();
  EXPECT_TRUE(second->Await().ok());
}

TEST_F(DecodeBudgetTest, ASmallPictureDoesNotOvertakeALargeOne) {
  auto running = Ask(60);
  EXPECT_TRUE(running->Await().ok());
  const auto large = AskAndWait(100);
  const auto small = AskAndWait(1);  // would fit
  running.reset();
  EXPECT_TRUE(large->Await().ok());
  EXPECT_EQ(budget_.reserved(), 100u);
  EXPECT_EQ(budget_.waiting(), 1u);
  large->LetGo();
  EXPECT_TRUE(small->Await().ok());
}

TEST_F(DecodeBudgetTest, ACallThatEndsStopsWaitingAndLetsTheNextOnePass) {
  const auto running = Ask(60);
  EXPECT_TRUE(running->Await().ok());
  const auto large = AskAndWait(100);
  const auto small = AskAndWait(1);
  large->call().Cancel();
  EXPECT_TRUE(absl::IsCancelled(large->Await()));
  EXPECT_TRUE(small->Await().ok());
  EXPECT_EQ(budget_.reserved(), 61u);
}

TEST_F(DecodeBudgetTest, ACallThatHasEndedGetsNothing) {
  Call ended(
      clock_, TimePoint::max(), nullptr, [](const CallOutcome&) {}, AdmissionSlot());
  ended.Cancel();
  EXPECT_TRUE(absl::IsCancelled(budget_.Reserve(1, ended).status()));
  EXPECT_EQ(budget_.reserved(), 0u);
  EXPECT_EQ(budget_.waiting(), 0u);
}

TEST_F(DecodeBudgetTest, WhatExceedsTheWholeBudgetIsRefusedWithBothNumbers) {
  Call call(
      clock_, TimePoint::max(), nullptr, [](const CallOutcome&) {}, AdmissionSlot());
  const absl::Status refused = budget_.Reserve(101, call).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(refused), "IMAGE_TOO_LARGE");
  EXPECT_EQ(refused.message(), "decoding the picture takes up to 101 bytes, the limit is 100");
  EXPECT_TRUE(budget_.Reserve(100, call).ok());
}

TEST_F(DecodeBudgetTest, ManyThreadsNeverHoldMoreThanTheBudgetAndAllAreServed) {
  Mutex mutex;
  std::uint64_t held = 0;
  std::uint64_t most = 0;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      Call call(
          clock_, TimePoint::max(), nullptr, [](const CallOutcome&) {}, AdmissionSlot());
      for (unsigned round = 0; round < 200; ++round) {
        const std::uint64_t bytes = (i * 37 + round * 11) % 100 + 1;
        const absl::StatusOr<DecodeShare> share = budget_.Reserve(bytes, call);
        ASSERT_TRUE(share.ok());
        {
          MutexLock lock(&mutex);
          held += bytes;
          most = std::max(most, held);
        }
        std::this_thread::yield();
        MutexLock lock(&mutex);
        held -= bytes;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 100u);
  EXPECT_EQ(budget_.reserved(), 0u);
}

}  // namespace
}  // namespace lqvg::serving
