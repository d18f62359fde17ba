#include "client/load/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace lqvg::load {
namespace {

LatencyHistogram HistogramOf(const std::vector<absl::Duration>& durations) {
  LatencyHistogram histogram;
  for (const absl::Duration duration : durations) histogram.Record(duration);
  return histogram;
}

// From a microsecond to a second, each decade as likely; parts of a microsecond too.
std::vector<absl::Duration> SixDecades(int count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<absl::Duration> durations;
  for (int i = 0; i < count; ++i) {
    const double exponent = 6 * static_cast<double>(random() >> 11) * 0x1p-53;
    durations.push_back(absl::Nanoseconds(std::llround(1000 * std::pow(10, exponent))));
  }
  return durations;
}

TEST(LatencyHistogramTest, GivesPercentilesOfSixDecadesToAThousandth) {
  std::vector<absl::Duration> durations = SixDecades(100'000, 7);
  const LatencyHistogram histogram = HistogramOf(durations);
  std::ranges::sort(durations);
  for (std::size_t tenths = 1; tenths <= 1000; ++tenths) {  // of a per cent: 100 durations each
    const absl::Duration exact = durations[100 * tenths - 1];
    const absl::Duration found = histogram.Percentile(static_cast<double>(tenths) / 10);
    EXPECT_GE(found, exact) << tenths;
    EXPECT_LE(found, exact + exact / 1024 + absl::Microseconds(1)) << tenths;
  }
}

TEST(LatencyHistogramTest, TakesTheNextDurationUpWhereAPercentileFallsBetweenTwo) {
  const LatencyHistogram histogram =
      HistogramOf({absl::Microseconds(10), absl::Microseconds(20), absl::Microseconds(30)});
  EXPECT_EQ(histogram.Percentile(33.3), absl::Microseconds(10));
  EXPECT_EQ(histogram.Percentile(33.4), absl::Microseconds(20));
  EXPECT_EQ(histogram.Percentile(66.7), absl::Microseconds(30));
}

// 0.7 and many others times 1000 over 100 is more than a whole number as doubles have it.
TEST(LatencyHistogramTest, CountsNotOneTooFarForAPercentThatIsNotExactInBinary) {
  LatencyHistogram histogram;
  for (int us = 1; us <= 1000; ++us) histogram.Record(absl::Microseconds(us));
  for (int tenths = 1; tenths <= 1000; ++tenths) {
    EXPECT_EQ(histogram.Percentile(tenths / 10.0), absl::Microseconds(tenths));
    EXPECT_EQ(histogram.Percentile(tenths * 0.1), absl::Microseconds(tenths));
  }
}

TEST(LatencyHistogramTest, GivesTheUpperEdgeOfABucketOverTheLeastValueOfIt) {
  // From 2048 us on buckets are two wide; the longest only keeps the percentile from being capped.
  const LatencyHistogram histogram = HistogramOf({absl::Microseconds(2048), absl::Seconds(1)});
  EXPECT_EQ(histogram.Percentile(50), absl::Microseconds(2049));
  EXPECT_EQ(HistogramOf({absl::Microseconds(2047), absl::Seconds(1)}).Percentile(50), absl::Microseconds(2047));
  EXPECT_EQ(HistogramOf({absl::Microseconds(4095), absl::Seconds(1)}).Percentile(50), absl::Microseconds(4095));
  EXPECT_EQ(HistogramOf({absl::Microseconds(4096), absl::Seconds(1)}).Percentile(50), absl::Microseconds(4099));
}

TEST(LatencyHistogramTest, NeverGivesMoreThanTheLongestDuration) {
  const LatencyHistogram histogram = HistogramOf({absl::Nanoseconds(1'000'000'500)});
  EXPECT_EQ(histogram.Percentile(50), absl::Nanoseconds(1'000'000'500));
  EXPECT_EQ(HistogramOf({absl::Nanoseconds(10)}).Percentile(50), absl::Nanoseconds(10));
}

TEST(LatencyHistogramTest, GivesTheShortestForZeroPercentAndTheLongestForAHundred) {
  const LatencyHistogram histogram = HistogramOf({absl::Microseconds(5), absl::Microseconds(7), absl::Seconds(3)});
  EXPECT_EQ(histogram.Percentile(0), absl::Microseconds(5));
  EXPECT_EQ(histogram.Percentile(100), absl::Seconds(3));
}

TEST(LatencyHistogramTest, TakesPercentsOutsideTheirRangeForItsEnds) {
  const LatencyHistogram histogram = HistogramOf({absl::Microseconds(5), absl::Microseconds(7)});
  EXPECT_EQ(histogram.Percentile(-1), absl::Microseconds(5));
  EXPECT_EQ(histogram.Percentile(std::nan("")), absl::Microseconds(5));
  EXPECT_EQ(histogram.Percentile(1e300), absl::Microseconds(7));
}

TEST(LatencyHistogramTest, IsAllZeroWhereNothingIsRecorded) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0);
  EXPECT_EQ(histogram.Min(), absl::ZeroDuration());
  EXPECT_EQ(histogram.Max(), absl::ZeroDuration());
  EXPECT_EQ(histogram.Mean(), absl::ZeroDuration());
  EXPECT_EQ(histogram.Percentile(50), absl::ZeroDuration());
}

TEST(LatencyHistogramTest, KeepsExtremesAndMeanExactly) {
  const LatencyHistogram histogram = HistogramOf({absl::Nanoseconds(1500), absl::Nanoseconds(2'000'000'001)});
  EXPECT_EQ(histogram.Min(), absl::Nanoseconds(1500));
  EXPECT_EQ(histogram.Max(), absl::Nanoseconds(2'000'000'001));
  EXPECT_EQ(histogram.Mean(), absl::Nanoseconds(2'000'001'501) / 2);
}

TEST(LatencyHistogramTest, CountsZeroAsItself) {
  const LatencyHistogram histogram = HistogramOf({absl::ZeroDuration(), absl::Seconds(1)});
  EXPECT_EQ(histogram.Percentile(50), absl::ZeroDuration());
}

TEST(LatencyHistogramTest, CountsNegativeDurationsAsZeroAndTellsOfThemAsTheyWere) {
  const LatencyHistogram histogram = HistogramOf({absl::Microseconds(-3), absl::Microseconds(9)});
  EXPECT_EQ(histogram.Percentile(50), absl::ZeroDuration());
  EXPECT_EQ(histogram.Min(), absl::Microseconds(-3));
  EXPECT_EQ(histogram.Mean(), absl::Microseconds(3));
  EXPECT_EQ(HistogramOf({absl::Microseconds(-3)}).Max(), absl::Microseconds(-3));
  EXPECT_EQ(HistogramOf({-absl::InfiniteDuration()}).count(), 1);
}

TEST(LatencyHistogramTest, CountsDurationsAboveAnHourAsAnHourAndTellsOfThemAsTheyWere) {
  for (const absl::Duration longest : {absl::Hours(2), absl::InfiniteDuration()}) {
    const LatencyHistogram histogram = HistogramOf({absl::Microseconds(1), longest});
    EXPECT_EQ(histogram.Percentile(100), absl::Hours(1));
    EXPECT_EQ(histogram.Max(), longest);
  }
}

TEST(LatencyHistogramTest, HoldsTheSameAfterAddingPartsAsAfterRecordingAll) {
  const std::vector<absl::Duration> durations = SixDecades(10'000, 3);
  // Parts of different lengths, one of them empty, longer into shorter and shorter into longer.
  std::vector<LatencyHistogram> parts(4);
  LatencyHistogram all;
  for (const absl::Duration duration : durations) {
    all.Record(duration);
    parts[duration < absl::Milliseconds(1) ? 0 : duration < absl::Milliseconds(50) ? 1 : 2].Record(duration);
  }
  LatencyHistogram merged;
  for (const std::size_t part : {1, 3, 2, 0}) merged.Add(parts[part]);
  EXPECT_EQ(merged.count(), all.count());
  EXPECT_EQ(merged.Min(), all.Min());
  EXPECT_EQ(merged.Max(), all.Max());
  EXPECT_EQ(merged.Mean(), all.Mean());
  for (int percent = 0; percent <= 100; ++percent) EXPECT_EQ(merged.Percentile(percent), all.Percentile(percent));
}

}  // namespace
}  // namespace lqvg::load
