// A clock that stands still until a test moves it.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <chrono>

#include "server/clock.h"

namespace lqvg::serving {

class FakeClock final : public Clock {
 public:
  TimePoint Now() const override { return TimePoint(Duration(now_.load())); }

  void Advance(Duration by) { now_ += by.count(); }

  // Looks up once a millisecond of real time, so that Advance need not know who waits: a spurious wake-up to them.
  void WaitUntil(CondVar* condition, Mutex* mutex, TimePoint deadline) const override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (Now() < deadline) condition->WaitUntil(mutex, std::chrono::steady_clock::now() + std::chrono::milliseconds(1));
  }

 private:
  std::atomic<Duration::rep> now_ = std::chrono::duration_cast<Duration>(std::chrono::hours(1)).count();
};

}  // namespace lqvg::serving
