// Which RPCs the library is not done with, so that a server that stops knows when its answers are sent.
//
// Owned by a service. Thread-safe; only AwaitDone blocks.
#pragma once

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "server/clock.h"
#include "server/mutex.h"

namespace lqvg::serving {

class OpenRpcs {
 public:
  // One RPC: held from its beginning until its reactor's OnDone, when its answer is written. This outlives it.
  using Token = std::shared_ptr<const void>;

  Token Begin() {
    MutexLock lock(&mutex_);
    return newest_;
  }

  // Blocks until every RPC that has begun by now is done: true; or until `deadline`: false. Others may begin meanwhile,
  // so a crowd of callers who are refused does not hold a server that stops.
  bool AwaitDone(const Clock& clock, TimePoint deadline) {
    auto next = std::make_shared<const Generation>(this);
    {
      MutexLock lock(&mutex_);
      newest_.swap(next);
    }
    next.reset();
    MutexLock lock(&mutex_);
    while (generations_ > 1) {
      if (clock.Now() >= deadline) return false;
      clock.WaitUntil(&changed_, &mutex_, deadline);
    }
    return true;
  }

 private:
  // The RPCs that began between two calls of AwaitDone; gone with the last of them.
  struct Generation {
    explicit Generation(OpenRpcs* owner) : rpcs(owner) {
      MutexLock lock(&rpcs->mutex_);
      ++rpcs->generations_;
    }
    ~Generation() {
      MutexLock lock(&rpcs->mutex_);
      --rpcs->generations_;
      rpcs->changed_.NotifyAll();
    }
    OpenRpcs* const rpcs;
  };

  Mutex mutex_;
  CondVar changed_;
  int generations_ ABSL_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<const Generation> newest_ ABSL_GUARDED_BY(mutex_) = std::make_shared<const Generation>(this);
};

}  // namespace lqvg::serving
