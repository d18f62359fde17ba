#include "server/fault_points.h"

#include "image/rejection.h"

namespace lqvg::serving {

void FaultPoints::Delay(FaultPoint point) {
  const Fault& fault = plan_.at[static_cast<std::size_t>(point)];
  if (fault.delay > Duration::zero()) WaitUntil(clock_.Now() + fault.delay);
}

absl::Status FaultPoints::DelayOrFail(FaultPoint point) {
  Delay(point);
  switch (plan_.at[static_cast<std::size_t>(point)].failure) {
    case InjectedFailure::kNone:
      break;
    case InjectedFailure::kDeviceMemory:
      return Reject(absl::StatusCode::kResourceExhausted, "DEVICE_MEMORY", "injected by a fault point");
    case InjectedFailure::kDeviceLost:
      return Reject(absl::StatusCode::kUnavailable, "DEVICE_LOST", "injected by a fault point");
    case InjectedFailure::kHang:
      WaitUntil(TimePoint::max());
      break;
  }
  return absl::OkStatus();
}

void FaultPoints::Release() {
  MutexLock lock(&mutex_);
  released_ = true;
  changed_.NotifyAll();
}

void FaultPoints::WaitUntil(TimePoint time) {
  MutexLock lock(&mutex_);
  while (!released_ && clock_.Now() < time) clock_.WaitUntil(&changed_, &mutex_, time);
}

}  // namespace lqvg::serving
