#include "server/fault_points.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>

#include "image/rejection.h"
#include "tests/support/fake_clock.h"

namespace lqvg::serving {
namespace {

using std::chrono::seconds;

FaultPlan PlanWith(FaultPoint point, Fault fault) {
  FaultPlan plan;
  plan.at[static_cast<std::size_t>(point)] = fault;
  return plan;
}

TEST(FaultPointsTest, DelaysByTheClockAtItsPointOnly) {
  FakeClock clock;
  FaultPoints faults(PlanWith(FaultPoint::kParsed, {.delay = seconds(5)}), clock);
  faults.Delay(FaultPoint::kQueued);
  const TimePoint begun = clock.Now();
  std::future<TimePoint> passed = std::async(std::launch::async, [&] {
    faults.Delay(FaultPoint::kParsed);
    return clock.Now();
  });
  // In steps, because the delay may begin after the first: it ends no sooner than five seconds after it began.
  while (passed.wait_for(seconds(0)) != std::future_status::ready) clock.Advance(seconds(1));
  EXPECT_GE(passed.get() - begun, seconds(5));
}

TEST(FaultPointsTest, FailsAsTheModelDoes) {
  FakeClock clock;
  FaultPoints memory(PlanWith(FaultPoint::kBatched, {.failure = InjectedFailure::kDeviceMemory}), clock);
  EXPECT_TRUE(absl::IsResourceExhausted(memory.DelayOrFail(FaultPoint::kBatched)));
  EXPECT_EQ(ReasonOf(memory.DelayOrFail(FaultPoint::kBatched)), "DEVICE_MEMORY");
  EXPECT_TRUE(memory.DelayOrFail(FaultPoint::kExecuting).ok());

  FaultPoints lost(PlanWith(FaultPoint::kExecuting, {.failure = InjectedFailure::kDeviceLost}), clock);
  EXPECT_TRUE(absl::IsUnavailable(lost.DelayOrFail(FaultPoint::kExecuting)));
  EXPECT_EQ(ReasonOf(lost.DelayOrFail(FaultPoint::kExecuting)), "DEVICE_LOST");
}

TEST(FaultPointsTest, AHangLastsUntilItIsReleased) {
  FakeClock clock;
  FaultPoints faults(PlanWith(FaultPoint::kExecuting, {.failure = InjectedFailure::kHang}), clock);
  std::future<absl::Status> passed =
      std::async(std::launch::async, [&] { return faults.DelayOrFail(FaultPoint::kExecuting); });
  clock.Advance(std::chrono::hours(24));
  EXPECT_NE(passed.wait_for(seconds(0)), std::future_status::ready);
  faults.Release();
  EXPECT_TRUE(passed.get().ok());
  EXPECT_TRUE(faults.DelayOrFail(FaultPoint::kExecuting).ok()) << "and from then on it is none";
}

}  // namespace
}  // namespace lqvg::serving
