#include "server/lifecycle.h"

#include <gtest/gtest.h>

#include <csignal>
#include <future>

#include "tests/support/fake_clock.h"

namespace lqvg::serving {
namespace {

using std::chrono::seconds;

constexpr DrainOptions kOptions = {.delay = seconds(5), .timeout = seconds(25)};
constexpr TimePoint kNow{std::chrono::hours(1)};

void Ignore() {}

TEST(DrainPlanTest, KeepsServingForTheDelayAfterSigterm) {
  const DrainPlan plan = PlanDrain(SIGTERM, LifecycleState::kServing, kNow, kOptions);
  EXPECT_EQ(plan.refuse_at, kNow + seconds(5));
  EXPECT_EQ(plan.abandon_at, kNow + seconds(25)) << "the timeout counts from the signal";
  EXPECT_EQ(plan.end_at, plan.abandon_at + kTeardownMargin);
  EXPECT_TRUE(plan.had_served);
}

TEST(DrainPlanTest, RefusesAtOnceAfterSigint) {
  const DrainPlan plan = PlanDrain(SIGINT, LifecycleState::kServing, kNow, kOptions);
  EXPECT_EQ(plan.refuse_at, kNow);
  EXPECT_EQ(plan.abandon_at, kNow + seconds(25));
}

TEST(DrainPlanTest, RefusesAtOnceWhenItNeverServed) {
  const DrainPlan plan = PlanDrain(SIGTERM, LifecycleState::kStarting, kNow, kOptions);
  EXPECT_EQ(plan.refuse_at, kNow);
  EXPECT_FALSE(plan.had_served);
}

TEST(DrainPlanTest, NeverServesBeyondTheTimeout) {
  const DrainPlan plan =
      PlanDrain(SIGTERM, LifecycleState::kServing, kNow, {.delay = seconds(9), .timeout = seconds(2)});
  EXPECT_EQ(plan.refuse_at, kNow + seconds(2));
}

TEST(SignalPolicyTest, TheFirstStopDrainsAndTheSecondEnds) {
  for (const int signal : {SIGTERM, SIGINT}) {
    EXPECT_EQ(RespondTo(signal, LifecycleState::kStarting), SignalResponse::kDrain);
    EXPECT_EQ(RespondTo(signal, LifecycleState::kServing), SignalResponse::kDrain);
    EXPECT_EQ(RespondTo(signal, LifecycleState::kDraining), SignalResponse::kEndNow);
    EXPECT_EQ(RespondTo(signal, LifecycleState::kStopped), SignalResponse::kEndNow);
  }
}

TEST(SignalPolicyTest, SighupReloads) {
  for (const LifecycleState state : {LifecycleState::kStarting, LifecycleState::kServing, LifecycleState::kDraining}) {
    EXPECT_EQ(RespondTo(SIGHUP, state), SignalResponse::kReload);
  }
}

class LifecycleTest : public testing::Test {
 protected:
  FakeClock clock_;
  Lifecycle lifecycle_{kOptions, clock_};
};

TEST_F(LifecycleTest, PassesThroughItsStates) {
  EXPECT_EQ(lifecycle_.state(), LifecycleState::kStarting);
  EXPECT_TRUE(lifecycle_.BeginServing(Ignore));
  EXPECT_EQ(lifecycle_.state(), LifecycleState::kServing);
  EXPECT_EQ(lifecycle_.OnSignal(SIGTERM), SignalResponse::kDrain);
  EXPECT_EQ(lifecycle_.state(), LifecycleState::kDraining);
  lifecycle_.FinishDrain();
  EXPECT_EQ(lifecycle_.state(), LifecycleState::kStopped);
}

TEST_F(LifecycleTest, NeverBecomesReadyAfterASignal) {
  lifecycle_.OnSignal(SIGTERM);
  bool became_ready = false;
  EXPECT_FALSE(lifecycle_.BeginServing([&became_ready] { became_ready = true; }));
  EXPECT_FALSE(became_ready);
  EXPECT_EQ(lifecycle_.state(), LifecycleState::kDraining);
}

TEST_F(LifecycleTest, WakesWhoAwaitsTheStopWithThePlan) {
  lifecycle_.BeginServing(Ignore);
  std::future<absl::StatusOr<DrainPlan>> stop =
      std::async(std::launch::async, [this] { return lifecycle_.AwaitStop(); });
  lifecycle_.OnSignal(SIGHUP);
  lifecycle_.OnSignal(SIGTERM);
  const absl::StatusOr<DrainPlan> plan = stop.get();
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->refuse_at, clock_.Now() + kOptions.delay);
}

TEST_F(LifecycleTest, TheSecondSignalDoesNotChangeThePlan) {
  lifecycle_.BeginServing(Ignore);
  const TimePoint first_at = clock_.Now();
  lifecycle_.OnSignal(SIGTERM);
  clock_.Advance(seconds(1));
  EXPECT_EQ(lifecycle_.OnSignal(SIGINT), SignalResponse::kEndNow);
  EXPECT_EQ(lifecycle_.AwaitStop()->refuse_at, first_at + kOptions.delay);
}

TEST_F(LifecycleTest, WakesWhoAwaitsTheStopWhenTheStartFails) {
  std::future<absl::StatusOr<DrainPlan>> stop =
      std::async(std::launch::async, [this] { return lifecycle_.AwaitStop(); });
  lifecycle_.FailStart(absl::NotFoundError("config.json is missing"));
  EXPECT_EQ(stop.get().status().message(), "config.json is missing");
}

TEST_F(LifecycleTest, AwaitsATimeByItsClock) {
  const TimePoint time = clock_.Now() + seconds(3);
  std::future<TimePoint> woken = std::async(std::launch::async, [this, time] {
    lifecycle_.AwaitTime(time);
    return clock_.Now();
  });
  clock_.Advance(seconds(2));
  clock_.Advance(seconds(1));
  EXPECT_GE(woken.get(), time);
}

TEST(BreakdownPlanTest, WaitsForNothing) {
  const DrainPlan plan = PlanBreakdown(kNow);
  EXPECT_EQ(plan.refuse_at, kNow);
  EXPECT_LE(plan.end_at, kNow + seconds(5)) << "the contract's limit";
  EXPECT_FALSE(plan.had_served) << "nothing that is on the device can be ended in order";
}

TEST_F(LifecycleTest, ABreakdownEndsServing) {
  lifecycle_.BeginServing(Ignore);
  EXPECT_FALSE(lifecycle_.broken());
  lifecycle_.Break();
  EXPECT_TRUE(lifecycle_.broken());
  EXPECT_EQ(lifecycle_.state(), LifecycleState::kDraining);
  EXPECT_EQ(lifecycle_.AwaitStop()->end_at, PlanBreakdown(clock_.Now()).end_at);
}

TEST_F(LifecycleTest, NeverBecomesReadyOnceItIsBroken) {
  lifecycle_.Break();
  EXPECT_FALSE(lifecycle_.BeginServing(Ignore));
}

TEST_F(LifecycleTest, ABreakdownCutsTheDelayOfADrainShort) {
  lifecycle_.BeginServing(Ignore);
  lifecycle_.OnSignal(SIGTERM);
  const DrainPlan plan = *lifecycle_.AwaitStop();
  std::future<void> delayed = std::async(std::launch::async, [&] { lifecycle_.AwaitTime(plan.refuse_at); });
  lifecycle_.Break();
  delayed.get();  // the clock stands still
  EXPECT_EQ(lifecycle_.AwaitStop()->refuse_at, plan.refuse_at) << "the drain that has begun goes on";
}

}  // namespace
}  // namespace lqvg::serving
