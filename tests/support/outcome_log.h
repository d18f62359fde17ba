// Collects how calls ended. Outlives the calls that report to it.
//
// Thread-safe.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "image/rejection.h"
#include "server/call.h"
#include "server/mutex.h"

namespace lqvg::serving {

class OutcomeLog {
 public:
  // A `done` for one call.
  Call::Done Recorder() {
    return [this](CallOutcome outcome) {
      MutexLock lock(&mutex_);
      outcomes_.push_back(std::move(outcome));
      changed_.NotifyAll();
    };
  }

  // Blocks until `count` calls have ended, and returns the last of them.
  CallOutcome Wait(std::size_t count = 1) {
    MutexLock lock(&mutex_);
    while (outcomes_.size() < count) changed_.Wait(&mutex_);
    return outcomes_.at(count - 1);
  }

  std::size_t size() {
    MutexLock lock(&mutex_);
    return outcomes_.size();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<CallOutcome> outcomes_ ABSL_GUARDED_BY(mutex_);
};

using lqvg::ReasonOf;
// The reason of a failed outcome; "" for an answer.
inline std::string ReasonOf(const CallOutcome& outcome) { return lqvg::ReasonOf(outcome.answer.status()); }

}  // namespace lqvg::serving
