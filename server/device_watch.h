// Notices when the model does not come back: the watchdog over the one thread that runs it.
//
// Owned by the batcher. Begin and End are called by its worker and do not block; a thread of its own watches the time.
#pragma once

#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "server/clock.h"
#include "server/mutex.h"

namespace lqvg::serving {

class DeviceWatch {
 public:
  // `on_hang` is called at most once, on the watch's thread, when a run lasts `timeout`. `clock` outlives the watch.
  DeviceWatch(Duration timeout, const Clock& clock, std::function<void()> on_hang);
  // Stops watching. Waits for `on_hang`, if that runs.
  ~DeviceWatch();
  DeviceWatch(const DeviceWatch&) = delete;
  DeviceWatch& operator=(const DeviceWatch&) = delete;

  // The device is about to be used: it has `timeout` from now.
  void Begin();
  // It came back.
  void End();

 private:
  void Work();

  const Duration timeout_;
  const Clock& clock_;
  const std::function<void()> on_hang_;
  Mutex mutex_;
  CondVar changed_;
  TimePoint hangs_at_ ABSL_GUARDED_BY(mutex_) = TimePoint::max();  // unless End comes first
  TimePoint wake_at_ ABSL_GUARDED_BY(mutex_) = TimePoint::max();   // when the thread looks again
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace lqvg::serving
