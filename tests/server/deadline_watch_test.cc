#include "server/deadline_watch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

#include "image/rejection.h"
#include "tests/support/fake_clock.h"
#include "tests/support/outcome_log.h"

namespace lqvg::serving {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class DeadlineWatchTest : public testing::Test {
 protected:
  std::shared_ptr<Call> Watched(Duration deadline) {
    auto call = std::make_shared<Call>(clock_, clock_.Now() + deadline, nullptr, log_.Recorder(), AdmissionSlot());
    watch_.Watch(call);
    return call;
  }

  FakeClock clock_;
  OutcomeLog log_;
  DeadlineWatch watch_{clock_};
};

TEST_F(DeadlineWatchTest, ExpiresEachCallAtItsDeadlineAndNoneBefore) {
  const std::shared_ptr<Call> late = Watched(seconds(60));
  const std::shared_ptr<Call> middle = Watched(seconds(20));
  const std::shared_ptr<Call> early = Watched(seconds(10));
  clock_.Advance(seconds(10));
  EXPECT_EQ(log_.Wait(1).total, seconds(10));
  EXPECT_TRUE(early->finished());
  clock_.Advance(seconds(10));
  EXPECT_EQ(log_.Wait(2).total, seconds(20));
  EXPECT_TRUE(middle->finished());
  EXPECT_FALSE(late->finished());
  EXPECT_EQ(ReasonOf(log_.Wait(2)), "EXPIRED_IN_QUEUE");
}

TEST_F(DeadlineWatchTest, ExpiresARunningCallToo) {
  const std::shared_ptr<Call> call = Watched(seconds(1));
  ASSERT_TRUE(call->BeginExecuting());
  clock_.Advance(seconds(1));
  EXPECT_EQ(ReasonOf(log_.Wait()), "EXPIRED_WHILE_RUNNING");
}

TEST_F(DeadlineWatchTest, ExpiresACallThatCameTooLateAlready) {
  const std::shared_ptr<Call> call = Watched(-seconds(1));
  EXPECT_EQ(ReasonOf(log_.Wait()), "EXPIRED_IN_QUEUE");
}

TEST_F(DeadlineWatchTest, ForgetsCallsThatNoLongerExist) {
  const std::shared_ptr<Call> alive = Watched(seconds(60));
  for (int i = 0; i < 10'000; ++i) {
    Watched(seconds(60))->Cancel();
    ASSERT_LE(watch_.size(), 64u);
  }
  EXPECT_FALSE(alive->finished());
  clock_.Advance(seconds(60));
  EXPECT_EQ(ReasonOf(log_.Wait(10'001)), "EXPIRED_IN_QUEUE");
}

TEST_F(DeadlineWatchTest, FinishAllEndsTheCallsOfNowAndOfLater) {
  const std::shared_ptr<Call> now = Watched(seconds(60));
  watch_.FinishAll(Reject(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "first"));
  EXPECT_EQ(ReasonOf(log_.Wait(1)), "SHUTTING_DOWN");
  watch_.FinishAll(Reject(absl::StatusCode::kUnavailable, "DEVICE_LOST", "second"));
  const std::shared_ptr<Call> later = Watched(seconds(60));
  EXPECT_EQ(ReasonOf(log_.Wait(2)), "SHUTTING_DOWN");
  EXPECT_EQ(watch_.size(), 0u);
}

TEST_F(DeadlineWatchTest, DoneMayStartAnotherCall) {
  std::shared_ptr<Call> second;
  const auto first = std::make_shared<Call>(
      clock_, clock_.Now() + seconds(1), nullptr, [&](CallOutcome) { second = Watched(-milliseconds(1)); },
      AdmissionSlot());
  watch_.Watch(first);
  clock_.Advance(seconds(1));
  EXPECT_EQ(ReasonOf(log_.Wait()), "EXPIRED_IN_QUEUE");
}

}  // namespace
}  // namespace lqvg::serving
