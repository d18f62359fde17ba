// Time as serving sees it, injected so that tests decide what time it is.
//
// Thread-safe. Outlives everything that was given it.
#pragma once

#include <chrono>

#include "absl/base/thread_annotations.h"
#include "server/mutex.h"

namespace lqvg::serving {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
  // Waits on `condition` (holding `mutex`) until it is notified or the time is `deadline`; may wake spuriously.
  virtual void WaitUntil(CondVar* condition, Mutex* mutex, TimePoint deadline) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) = 0;
};

// The machine's monotonic clock.
class SteadyClock final : public Clock {
 public:
  TimePoint Now() const override { return std::chrono::steady_clock::now(); }
  void WaitUntil(CondVar* condition, Mutex* mutex, TimePoint deadline) const override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    condition->WaitUntil(mutex, deadline);
  }
};

}  // namespace lqvg::serving
