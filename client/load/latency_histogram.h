// Counts durations so finely that any percentile is right to a thousandth, in memory that does not grow.
//
// Log-linear buckets as of HdrHistogram (http://hdrhistogram.org): 1024 to every power of two of microseconds, so a
// bucket is at most 1/1024 of its value wide; up to 2.047 ms each microsecond has its own. Parts of a microsecond are
// rounded up. One thread at a time: every thread counts in a histogram of its own, and Add puts them together.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace lqvg::load {

class LatencyHistogram {
 public:
  // Negative durations count as 0, those above an hour as an hour: Min(), Max() and Mean() tell of both as they were.
  // Allocates only for a duration of a higher power of two than any before, at most 22 times.
  void Record(absl::Duration duration);
  void Add(const LatencyHistogram& other);

  std::int64_t count() const { return count_; }
  absl::Duration Min() const;  // as recorded; 0 where nothing is
  absl::Duration Max() const;
  absl::Duration Mean() const;

  // The least value that `percent` (0..100) of the durations do not exceed: the upper edge of its bucket, but never
  // more than an hour or Max(). 0 where nothing is recorded.
  absl::Duration Percentile(double percent) const;

 private:
  std::vector<std::int64_t> counts_;  // by bucket, to the end of the highest power of two met
  std::int64_t count_ = 0;
  absl::Duration min_ = absl::InfiniteDuration(), max_ = -absl::InfiniteDuration(), sum_ = absl::ZeroDuration();
};

}  // namespace lqvg::load
