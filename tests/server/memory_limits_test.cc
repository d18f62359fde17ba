#include "server/memory_limits.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace lqvg::serving {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kMinute = minutes(1);
constexpr Duration kHour = std::chrono::hours(1);

// One limit, and full batches on a device that holds `room`.
class MemoryLimitTest : public testing::Test {
 protected:
  // A batch as large as the limit allows, halved until it fits.
  void RunFull() { Run(limit_.value()); }

  void Run(int count) {
    if (count <= room_) return limit_.Ran(count, now_);
    ++failures_;
    limit_.DidNotFit(count, now_);
    Run((count + 1) / 2);
    Run(count / 2);
  }

  // For `time`, a full batch each second.
  void RunFullFor(Duration time) {
    for (const TimePoint end = now_ + time; now_ < end; now_ += seconds(1)) RunFull();
  }

  TimePoint now_{kHour};
  int room_ = 8;
  int failures_ = 0;
  MemoryLimit limit_{8};
};

TEST_F(MemoryLimitTest, IsWhatIsConfiguredWhileEverythingFits) {
  RunFullFor(minutes(10));
  EXPECT_EQ(limit_.value(), 8);
  EXPECT_FALSE(limit_.IsUnproven(8));
}

TEST_F(MemoryLimitTest, IsHalfOfWhatDidNotFit) {
  limit_.DidNotFit(7, now_);
  EXPECT_EQ(limit_.value(), 4);
  limit_.DidNotFit(3, now_);
  EXPECT_EQ(limit_.value(), 2);
}

TEST_F(MemoryLimitTest, NeverGrowsForABatchThatDidNotFit) {
  limit_.DidNotFit(4, now_);
  limit_.DidNotFit(8, now_);  // of before
  EXPECT_EQ(limit_.value(), 2);
}

TEST_F(MemoryLimitTest, IsDoubledByABatchThatRunsFullAMinuteLater) {
  limit_.DidNotFit(8, now_);
  now_ += kMinute - seconds(1);
  RunFull();
  EXPECT_EQ(limit_.value(), 4) << "too early";
  now_ += seconds(1);
  limit_.Ran(3, now_);
  EXPECT_EQ(limit_.value(), 4) << "says nothing of a larger one";
  RunFull();
  EXPECT_EQ(limit_.value(), 8);
  EXPECT_TRUE(limit_.IsUnproven(5));
  EXPECT_FALSE(limit_.IsUnproven(4));
  RunFull();
  EXPECT_FALSE(limit_.IsUnproven(8));
}

TEST_F(MemoryLimitTest, TakesAStepAMinuteWhenTheMemoryIsThereAgain) {
  room_ = 1;
  RunFull();
  EXPECT_EQ(limit_.value(), 1);
  room_ = 8;
  std::vector<int> limits;
  for (int i = 0; i < 4; ++i) {
    RunFullFor(kMinute);
    RunFull();
    limits.push_back(limit_.value());
  }
  EXPECT_EQ(limits, (std::vector<int>{2, 4, 8, 8}));
}

TEST_F(MemoryLimitTest, NeverExceedsWhatIsConfigured) {
  limit_ = MemoryLimit(5);
  limit_.DidNotFit(5, now_);
  now_ += kMinute;
  RunFull();
  EXPECT_EQ(limit_.value(), 5) << "not twice three";
}

TEST_F(MemoryLimitTest, GoesBackToWhatItWasWhenALargerOneFails) {
  limit_ = MemoryLimit(32);
  room_ = 20;
  RunFull();
  ASSERT_EQ(limit_.value(), 16);
  now_ += kMinute;
  RunFull();
  ASSERT_EQ(limit_.value(), 32);
  Run(22);
  EXPECT_EQ(limit_.value(), 16) << "not half of 22: 16 have run";
}

TEST_F(MemoryLimitTest, IsHalvedFurtherWhenNotEvenTheFormerOneFits) {
  room_ = 4;
  RunFull();
  now_ += kMinute;
  RunFull();
  ASSERT_EQ(limit_.value(), 8);
  limit_.DidNotFit(4, now_);
  EXPECT_EQ(limit_.value(), 2);
}

TEST_F(MemoryLimitTest, TriesALimitThatTheDeviceHasEverMoreRarelyButAtLeastOnceAnHour) {
  room_ = 4;
  std::vector<Duration> waits;
  TimePoint last = now_;
  int seen = 0;
  for (const TimePoint end = now_ + std::chrono::hours(6); now_ < end; now_ += seconds(1)) {
    RunFull();
    if (failures_ == seen) continue;
    seen = failures_;
    waits.push_back(now_ - last);
    last = now_;
  }
  // Each a second later than its wait is over: a batch that runs full comes before the larger one.
  std::vector<Duration> expected = {Duration(0)};
  for (const int wait : {1, 2, 4, 8, 16, 32, 60, 60, 60, 60}) expected.push_back(minutes(wait) + seconds(1));
  EXPECT_EQ(waits, expected);
}

TEST_F(MemoryLimitTest, OneBatchThatIsHalvedOftenIsOneFailure) {
  room_ = 1;
  RunFull();
  EXPECT_EQ(failures_, 7);
  RunFullFor(kMinute);
  RunFull();
  EXPECT_EQ(limit_.value(), 2) << "after a minute, not more";
}

TEST_F(MemoryLimitTest, WaitsAMinuteAgainWhenALargerOneHasLasted) {
  room_ = 4;
  RunFullFor(minutes(20));  // tried after 1, 2, 4 and 8 minutes; the next wait is 16
  ASSERT_EQ(failures_, 5);
  room_ = 8;
  RunFullFor(minutes(16) + minutes(20));
  ASSERT_EQ(limit_.value(), 8);
  room_ = 4;
  RunFull();
  RunFullFor(kMinute);
  RunFull();
  EXPECT_EQ(limit_.value(), 8);
}

TEST_F(MemoryLimitTest, TakesAStepAMinuteAlsoAfterALongShortage) {
  limit_ = MemoryLimit(32);
  room_ = 8;
  RunFullFor(minutes(20));  // the next wait is 16 minutes
  room_ = 32;
  while (limit_.value() == 8) RunFullFor(seconds(1));
  RunFullFor(kMinute);
  EXPECT_EQ(limit_.value(), 32);
}

TEST_F(MemoryLimitTest, WaitsLongerWhenALargerOneFitsOnlyNowAndThen) {
  room_ = 4;
  RunFull();
  RunFullFor(kMinute);
  room_ = 8;
  RunFullFor(seconds(10));
  ASSERT_FALSE(limit_.IsUnproven(8));
  room_ = 1;
  RunFull();
  ASSERT_EQ(limit_.value(), 1);
  RunFullFor(2 * kMinute);
  EXPECT_EQ(limit_.value(), 1) << "was good for seconds, after a minute";
  RunFull();
  EXPECT_EQ(limit_.value(), 2) << "failed once, however often it was halved";
}

TEST_F(MemoryLimitTest, ALargerOneThatFailsAndIsHalvedOftenHasFailedOnce) {
  room_ = 4;
  RunFull();
  RunFullFor(kMinute);
  RunFull();
  ASSERT_EQ(limit_.value(), 8);
  room_ = 1;
  RunFull();
  RunFullFor(2 * kMinute);
  ASSERT_EQ(limit_.value(), 1);
  RunFull();
  EXPECT_EQ(limit_.value(), 2);
}

// --- Both limits. ---

TEST(MemoryLimitsTest, PicturesAreAtFaultBeforeExpressions) {
  MemoryLimits limits({.images = 4, .expressions = 32});
  const TimePoint now{kHour};
  EXPECT_TRUE(limits.DidNotFit({.images = 2, .expressions = 40}, now));
  EXPECT_EQ(limits.value().images, 1);
  EXPECT_EQ(limits.value().expressions, 32);
  EXPECT_TRUE(limits.DidNotFit({.images = 1, .expressions = 40}, now));
  EXPECT_EQ(limits.value().expressions, 16) << "half of a step, which was 32";
  EXPECT_TRUE(limits.DidNotFit({.images = 0, .expressions = 3}, now));
  EXPECT_EQ(limits.value().expressions, 2);
  EXPECT_FALSE(limits.DidNotFit({.images = 1, .expressions = 1}, now));
  EXPECT_EQ(limits.value().expressions, 2);
}

TEST(MemoryLimitsTest, ALimitThatIsTriedIsAtFaultBeforeOneThatIsNot) {
  MemoryLimits limits({.images = 4, .expressions = 8});
  TimePoint now{kHour};
  limits.DidNotFit({.images = 1, .expressions = 8}, now);
  ASSERT_EQ(limits.value().expressions, 4);
  now += kMinute;
  limits.Ran({.images = 1, .expressions = 4}, now);
  ASSERT_EQ(limits.value().expressions, 8);
  EXPECT_TRUE(limits.DidNotFit({.images = 4, .expressions = 8}, now));
  EXPECT_EQ(limits.value().images, 4);
  EXPECT_EQ(limits.value().expressions, 4);
}

TEST(MemoryLimitsTest, BothAreAtFaultWhenBothAreTried) {
  MemoryLimits limits({.images = 2, .expressions = 8});
  TimePoint now{kHour};
  limits.DidNotFit({.images = 2, .expressions = 8}, now);
  limits.DidNotFit({.images = 1, .expressions = 8}, now);
  now += kMinute;
  limits.Ran({.images = 1, .expressions = 4}, now);
  ASSERT_EQ(limits.value().images, 2);
  ASSERT_EQ(limits.value().expressions, 8);
  EXPECT_TRUE(limits.DidNotFit({.images = 2, .expressions = 8}, now));
  EXPECT_EQ(limits.value().images, 1);
  EXPECT_EQ(limits.value().expressions, 4);
}

TEST(MemoryLimitsTest, EachRecoversByItself) {
  MemoryLimits limits({.images = 2, .expressions = 2});
  TimePoint now{kHour};
  limits.DidNotFit({.images = 2, .expressions = 2}, now);
  limits.DidNotFit({.images = 1, .expressions = 2}, now);
  now += kMinute;
  limits.Ran({.images = 0, .expressions = 1}, now);
  EXPECT_EQ(limits.value().expressions, 2);
  EXPECT_EQ(limits.value().images, 1);
  limits.Ran({.images = 1, .expressions = 1}, now);
  EXPECT_EQ(limits.value().images, 2);
}

}  // namespace
}  // namespace lqvg::serving
