// Ends every call at its deadline, wherever it is then: queued, decoding or with the model.
//
// Owned by the pipeline. Watch may be called by any thread and never blocks; one thread of its own expires calls. It
// holds calls weakly, and its memory is bounded by the calls alive, not by the calls seen.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "server/call.h"
#include "server/clock.h"
#include "server/mutex.h"

namespace lqvg::serving {

class DeadlineWatch {
 public:
  // `clock` outlives the watch.
  explicit DeadlineWatch(const Clock& clock);
  // Stops watching; calls that are left are not ended.
  ~DeadlineWatch();
  DeadlineWatch(const DeadlineWatch&) = delete;
  DeadlineWatch& operator=(const DeadlineWatch&) = delete;

  // Expires `call` at its deadline, or finishes it now with the status of FinishAll. To be called again when the
  // deadline was brought forward.
  void Watch(const std::shared_ptr<Call>& call);

  // Finishes every watched call with `status`, now, and from now on every call given to Watch. The first status counts.
  void FinishAll(const absl::Status& status);

  // Calls remembered, dead ones included and each as often as it was given: at most twice the living, and a few.
  std::size_t size() const;

 private:
  struct Entry {
    TimePoint deadline;
    std::weak_ptr<Call> call;
  };

  void Work();
  // Forgets the calls that no longer exist, and takes out those whose deadline has come.
  std::vector<std::shared_ptr<Call>> TakeExpired(TimePoint now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::size_t sweep_at_ ABSL_GUARDED_BY(mutex_);                  // entries at which Watch forgets the dead
  TimePoint wake_at_ ABSL_GUARDED_BY(mutex_) = TimePoint::max();  // no later than the earliest deadline
  std::optional<absl::Status> verdict_ ABSL_GUARDED_BY(mutex_);   // of FinishAll
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread worker_;
};

}  // namespace lqvg::serving
