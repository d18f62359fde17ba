#include "client/load/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace lqvg::load {
namespace {

constexpr int kSubBucketBits = 10;
constexpr std::size_t kSubBuckets = std::size_t{1} << kSubBucketBits;

// How many of the lowest bits a bucket does not tell apart: 0 below 2048.
int ShiftOf(std::uint64_t microseconds) {
  return std::max(0, static_cast<int>(std::bit_width(microseconds)) - kSubBucketBits - 1);
}

// What is left after the shift is 1024 to 2047, so each shift has 1024 buckets, next to those of the shift before;
// shift 0 has 0 to 1023 as well.
std::size_t BucketOf(std::uint64_t microseconds) {
  const int shift = ShiftOf(microseconds);
  return (static_cast<std::size_t>(shift) << kSubBucketBits) + (microseconds >> shift);
}

std::int64_t UpperEdge(std::size_t bucket) {
  const std::size_t shift = std::max<std::size_t>(bucket >> kSubBucketBits, 1) - 1;
  const std::size_t in_shift = bucket - (shift << kSubBucketBits);
  return static_cast<std::int64_t>(((in_shift + 1) << shift) - 1);
}

// Rounded up, so that no duration is more than the upper edge of its bucket.
std::uint64_t Microseconds(absl::Duration duration) {
  const absl::Duration counted = std::clamp(duration, absl::ZeroDuration(), absl::Hours(1));
  const std::int64_t whole = absl::ToInt64Microseconds(counted);
  return static_cast<std::uint64_t>(absl::Microseconds(whole) < counted ? whole + 1 : whole);
}

}  // namespace

void LatencyHistogram::Record(absl::Duration duration) {
  const std::uint64_t microseconds = Microseconds(duration);
  const std::size_t bucket = BucketOf(microseconds);
  if (bucket >= counts_.size()) counts_.resize((static_cast<std::size_t>(ShiftOf(microseconds)) + 2) * kSubBuckets);
  ++counts_[bucket];
  ++count_;
  min_ = std::min(min_, duration);
  max_ = std::max(max_, duration);
  sum_ += duration;
}

void LatencyHistogram::Add(const LatencyHistogram& other) {
  if (counts_.size() < other.counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

absl::Duration LatencyHistogram::Min() const { return count_ == 0 ? absl::ZeroDuration() : min_; }

absl::Duration LatencyHistogram::Max() const { return count_ == 0 ? absl::ZeroDuration() : max_; }

absl::Duration LatencyHistogram::Mean() const { return count_ == 0 ? absl::ZeroDuration() : sum_ / count_; }

absl::Duration LatencyHistogram::Percentile(double percent) const {
  if (count_ == 0) return absl::ZeroDuration();
  // The next lower number: 99.9 is stored as a little more, and of 1000 durations it must be the 999th.
  const double below = percent > 0 ? std::nextafter(std::min(percent, 100.0), 0) : 0;
  const auto rank = std::clamp(static_cast<std::int64_t>(std::ceil(below * static_cast<double>(count_) / 100)),
                               std::int64_t{1}, count_);
  std::size_t bucket = 0;
  for (std::int64_t seen = counts_[0]; seen < rank; seen += counts_[bucket]) ++bucket;
  return std::min({absl::Microseconds(UpperEdge(bucket)), absl::Hours(1), max_});
}

}  // namespace lqvg::load
