// Collects how calls ended, one `Outcome` for each. Outlives the calls that report to it.
//
// Thread-safe; only Wait blocks.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "image/rejection.h"
#include "server/call.h"
#include "server/mutex.h"

namespace lqvg::serving {

template <typename Outcome>
class OutcomeLogOf {
 public:
  // What a call is to run when it has ended.
  auto Recorder() {
    return [this](Outcome outcome) {
      MutexLock lock(&mutex_);
      outcomes_.push_back(std::move(outcome));
      changed_.NotifyAll();
    };
  }

  // Blocks until `count` calls have ended, and returns the last of them.
  Outcome Wait(std::size_t count = 1) {
    MutexLock lock(&mutex_);
    while (outcomes_.size() < count) changed_.Wait(&mutex_);
    return outcomes_.at(count - 1);
  }

  std::size_t size() {
    MutexLock lock(&mutex_);
    return outcomes_.size();
  }

  void Forget() {
    MutexLock lock(&mutex_);
    outcomes_.clear();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<Outcome> outcomes_ ABSL_GUARDED_BY(mutex_);
};

using OutcomeLog = OutcomeLogOf<CallOutcome>;

using lqvg::ReasonOf;
// The reason of a failed outcome; "" for an answer.
inline std::string ReasonOf(const CallOutcome& outcome) { return lqvg::ReasonOf(outcome.answer.status()); }

}  // namespace lqvg::serving
