// The points at which a call can be delayed and the model made to fail, so that tests can force the order of events
// that only chance would bring about. After Triton's TRITONSERVER_DELAY_* variables.
//
// Owned by Serve, or by a test. Everybody else holds a pointer that is null in service. Thread-safe; Delay and
// DelayOrFail block, on purpose, whichever thread calls them.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "server/clock.h"
#include "server/fault_plan.h"
#include "server/mutex.h"

namespace lqvg::serving {

class FaultPoints {
 public:
  // `clock` outlives this.
  FaultPoints(const FaultPlan& plan, const Clock& clock) : plan_(plan), clock_(clock) {}
  FaultPoints(const FaultPoints&) = delete;
  FaultPoints& operator=(const FaultPoints&) = delete;

  // Waits for the point's delay.
  void Delay(FaultPoint point);
  // The same, and then fails as the model would: RESOURCE_EXHAUSTED, DEVICE_MEMORY or UNAVAILABLE, DEVICE_LOST; a hang
  // returns OK when it is released.
  absl::Status DelayOrFail(FaultPoint point);

  // Ends every wait, now and from now on.
  void Release();

 private:
  void WaitUntil(TimePoint time);

  const FaultPlan plan_;
  const Clock& clock_;
  Mutex mutex_;
  CondVar changed_;
  bool released_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace lqvg::serving
