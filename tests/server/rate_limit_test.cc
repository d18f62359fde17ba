#include "server/rate_limit.h"

#include <gtest/gtest.h>

namespace lqvg::serving {
namespace {

constexpr TimePoint kStart{std::chrono::hours(1)};
constexpr Duration kInterval = std::chrono::milliseconds(100);  // of 10 a second

TEST(RateLimitTest, AdmitsABurstAndNoMore) {
  RateLimit limit(10, 3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limit.Admit(kStart), 0u);
  EXPECT_EQ(limit.Admit(kStart), std::nullopt);
}

TEST(RateLimitTest, SaysHowManyWereRefusedAndCountsAnew) {
  RateLimit limit(10, 1);
  EXPECT_EQ(limit.Admit(kStart), 0u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(limit.Admit(kStart), std::nullopt);
  EXPECT_EQ(limit.Admit(kStart + kInterval), 5u);
  EXPECT_EQ(limit.Admit(kStart + 2 * kInterval), 0u);
}

TEST(RateLimitTest, KeepsThePartOfAnIntervalThatHasPassed) {
  RateLimit limit(10, 2);
  EXPECT_TRUE(limit.Admit(kStart));
  EXPECT_TRUE(limit.Admit(kStart));
  // At 0.9 of an interval nothing has come yet; at 1.0, that moment must not have been lost.
  EXPECT_FALSE(limit.Admit(kStart + kInterval * 9 / 10));
  EXPECT_TRUE(limit.Admit(kStart + kInterval));
}

TEST(RateLimitTest, AdmitsNoMoreThanItsRateOverALongTime) {
  RateLimit limit(10, 5);
  int admitted = 0;
  for (int ms = 0; ms < 10'000; ++ms) admitted += limit.Admit(kStart + std::chrono::milliseconds(ms)) ? 1 : 0;
  EXPECT_EQ(admitted, 5 + 99);  // the burst, then one for each whole interval
}

TEST(RateLimitTest, FillsNoFurtherThanTheBurst) {
  RateLimit limit(10, 2);
  EXPECT_TRUE(limit.Admit(kStart));
  const TimePoint later = kStart + std::chrono::hours(1'000);
  EXPECT_TRUE(limit.Admit(later));
  EXPECT_TRUE(limit.Admit(later));
  EXPECT_FALSE(limit.Admit(later));
}

}  // namespace
}  // namespace lqvg::serving
