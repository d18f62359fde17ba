#include "server/fault_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace lqvg::serving {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

std::string ErrorOf(const std::string& text) { return std::string(ParseFaultPlan(text).status().message()); }

TEST(FaultPlanTest, ReadsDelaysAndFailuresOfPoints) {
  const FaultPlan plan = ParseFaultPlan("executing:delay=50ms,batched:fail=device_lost,executing:fail=hang").value();
  const Fault& executing = plan.at[static_cast<std::size_t>(FaultPoint::kExecuting)];
  EXPECT_EQ(executing.delay, milliseconds(50));
  EXPECT_EQ(executing.failure, InjectedFailure::kHang);
  const Fault& batched = plan.at[static_cast<std::size_t>(FaultPoint::kBatched)];
  EXPECT_EQ(batched.delay, Duration::zero());
  EXPECT_EQ(batched.failure, InjectedFailure::kDeviceLost);
  EXPECT_EQ(plan.at[static_cast<std::size_t>(FaultPoint::kParsed)].delay, Duration::zero());
  EXPECT_FALSE(plan.empty());
}

TEST(FaultPlanTest, NothingIsTheEmptyPlan) {
  EXPECT_TRUE(ParseFaultPlan("").value().empty());
  EXPECT_TRUE(FaultPlan().empty());
  EXPECT_EQ(FormatFaultPlan(FaultPlan()), "");
}

TEST(FaultPlanTest, WritesWhatItReads) {
  const std::string text =
      "parsed:delay=1ms,queued:delay=2s,batched:fail=device_memory,executing:delay=50ms,executing:fail=device_lost,"
      "finishing:delay=1h";
  EXPECT_EQ(FormatFaultPlan(ParseFaultPlan(text).value()), text);
}

TEST(FaultPlanTest, SaysWhatWouldBeRight) {
  EXPECT_THAT(ErrorOf("executing"), HasSubstr("POINT:delay=DURATION or POINT:fail=FAILURE"));
  EXPECT_THAT(ErrorOf("a=b:c"), HasSubstr("POINT:delay=DURATION or POINT:fail=FAILURE"));
  EXPECT_THAT(ErrorOf("running:delay=1s"), HasSubstr("one of parsed, queued, batched, executing, finishing"));
  EXPECT_THAT(ErrorOf("parsed:sleep=1s"), HasSubstr("in 'parsed:sleep=1s', what happens must be delay or fail"));
  EXPECT_THAT(ErrorOf("parsed:delay=1"), HasSubstr("not a duration"));
  EXPECT_THAT(ErrorOf("parsed:delay=0s"), HasSubstr("above 0s and at most 1h"));
  EXPECT_THAT(ErrorOf("parsed:delay=61m"), HasSubstr("above 0s and at most 1h"));
  EXPECT_THAT(ErrorOf("batched:fail=oom"), HasSubstr("one of device_memory, device_lost, hang"));
  EXPECT_THAT(ErrorOf("batched:fail="), HasSubstr("one of device_memory, device_lost, hang"));
  EXPECT_THAT(ErrorOf("finishing:fail=hang"), HasSubstr("only batched and executing can fail"));
  EXPECT_THAT(ErrorOf("parsed:delay=1s,"), HasSubstr("in ''"));
}

TEST(FaultPlanTest, RefusesTwoFaultsOfAKindAtOnePoint) {
  EXPECT_THAT(ErrorOf("parsed:delay=1s,parsed:delay=2s"), HasSubstr("has a delay already"));
  EXPECT_THAT(ErrorOf("batched:fail=hang,batched:fail=hang"), HasSubstr("fails already"));
}

}  // namespace
}  // namespace lqvg::serving
