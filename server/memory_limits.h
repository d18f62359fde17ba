// How large batches may be, by what has fitted into the device's memory.
//
// Memory may be short for good, when batches are configured too large, or for a while, when another process has it. So
// a limit is halved when a batch does not fit, and doubled again, up to what is configured, when batches have run full
// for some time. A larger limit that proves too large is taken back, and the next try waits twice as long: a limit that
// the device really has is tried ever more rarely, since each try that fails costs a batch that is run in halves.
//
// Policy alone. Not thread-safe: its owner guards it. Time is passed in and must not go back.
#pragma once

#include <chrono>
#include <optional>

#include "server/clock.h"

namespace lqvg::serving {

// The limit of one count.
class MemoryLimit {
 public:
  // From a limit's last change to the next try of a larger one. It is doubled whenever a larger limit fails before it
  // has been good for as long as was waited for it, and the shortest again when it has.
  static constexpr Duration kShortestWait = std::chrono::minutes(1);
  static constexpr Duration kLongestWait = std::chrono::hours(1);

  // At first the limit is `configured`, at least 1, which it never exceeds.
  explicit MemoryLimit(int configured) : configured_(configured), limit_(configured) {}

  int value() const { return limit_; }

  // Whether `count` is more than has run full since the limit was raised.
  bool IsUnproven(int count) const { return raised_from_ && count > *raised_from_; }

  // A batch of `count` has run. One that is as large as allowed says something about the limit; the others do not.
  void Ran(int count, TimePoint now);

  // A batch of `count`, at least 2, did not fit. Then the limit is less than `count`.
  void DidNotFit(int count, TimePoint now);

 private:
  int configured_;
  int limit_;
  Duration wait_ = kShortestWait;  // after the last failure
  TimePoint raise_at_{};           // not before
  // Since the last failure: at most one of them is set, and neither unless the limit was raised.
  std::optional<int> raised_from_;      // no batch has run full yet
  std::optional<TimePoint> proven_at_;  // when the first one has
};

// Both limits of a batch.
class MemoryLimits {
 public:
  struct Counts {
    int images = 0;       // encoded together
    int expressions = 0;  // in the batch; together, in one step, as many as their limit allows
  };

  explicit MemoryLimits(Counts configured) : images_(configured.images), expressions_(configured.expressions) {}

  Counts value() const { return {.images = images_.value(), .expressions = expressions_.value()}; }

  // A batch has run.
  void Ran(const Counts& batch, TimePoint now);

  // A batch did not fit: at fault are the limits that were raised and not proven, or else the pictures if there are
  // several, or else the expressions. False: there was one of each, and no limit makes that smaller.
  bool DidNotFit(const Counts& batch, TimePoint now);

 private:
  MemoryLimit images_;
  MemoryLimit expressions_;
};

}  // namespace lqvg::serving
