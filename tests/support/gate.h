// Holds threads at a point of a test until the test opens it.
//
// Thread-safe.
#pragma once

#include "server/mutex.h"

namespace lqvg::serving {

class Gate {
 public:
  // Blocks while closed, as it is at first.
  void Pass() {
    MutexLock lock(&mutex_);
    ++arrived_;
    changed_.NotifyAll();
    while (!open_) changed_.Wait(&mutex_);
  }

  void Open() {
    MutexLock lock(&mutex_);
    open_ = true;
    changed_.NotifyAll();
  }

  void Close() {
    MutexLock lock(&mutex_);
    open_ = false;
  }

  // Blocks until `count` threads have called Pass.
  void WaitForArrivals(int count) {
    MutexLock lock(&mutex_);
    while (arrived_ < count) changed_.Wait(&mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
  int arrived_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace lqvg::serving
