#include "server/admission.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "image/rejection.h"

namespace lqvg::serving {

AdmissionSlot::AdmissionSlot(AdmissionSlot&& other) noexcept { *this = std::move(other); }

AdmissionSlot& AdmissionSlot::operator=(AdmissionSlot&& other) noexcept {
  // The other one's destructor ends whatever this one held.
  std::swap(admission_, other.admission_);
  std::swap(bytes_, other.bytes_);
  std::swap(caller_, other.caller_);
  std::swap(pending_, other.pending_);
  std::swap(given_back_, other.given_back_);
  return *this;
}

AdmissionSlot::~AdmissionSlot() {
  if (admission_ == nullptr) return;
  GiveBack();
  admission_->Answered();
}

void AdmissionSlot::MarkExecuting() {
  if (admission_ == nullptr || given_back_ || !pending_) return;
  pending_ = false;
  admission_->Began();
}

void AdmissionSlot::GiveBack() {
  if (admission_ == nullptr || given_back_) return;
  given_back_ = true;
  admission_->GaveBack(bytes_, pending_, caller_);
}

absl::StatusOr<AdmissionSlot> Admission::Admit(std::size_t bytes, std::string caller) {
  constexpr auto kUnavailable = absl::StatusCode::kUnavailable;
  MutexLock lock(&mutex_);
  ++inside_.received;
  if (state_ == State::kLoading) return Reject(kUnavailable, "MODEL_LOADING", "the model is not ready yet");
  if (state_ == State::kClosed) return Reject(kUnavailable, "SHUTTING_DOWN", "the server is shutting down");
  absl::StatusOr<AdmissionSlot> slot = Take(bytes, std::move(caller));
  if (slot.ok()) ++inside_.admitted;
  return slot;
}

absl::StatusOr<AdmissionSlot> Admission::AdmitPart(std::size_t bytes, std::string caller) {
  MutexLock lock(&mutex_);
  return Take(bytes, std::move(caller));
}

absl::StatusOr<AdmissionSlot> Admission::Take(std::size_t bytes, std::string caller) {
  constexpr auto kUnavailable = absl::StatusCode::kUnavailable;
  if (inside_.in_flight >= limits_.max_calls) {
    return Reject(kUnavailable, "QUEUE_FULL",
                  absl::StrCat(inside_.in_flight, " calls are in the server, the limit is ", limits_.max_calls));
  }
  bytes = std::max(bytes, least_bytes_);
  if (bytes > limits_.max_bytes || inside_.bytes > limits_.max_bytes - bytes) {
    return Reject(kUnavailable, "MEMORY_BUDGET",
                  absl::StrCat("calls of ", inside_.bytes, " bytes are in the server, another ", bytes,
                               " bytes exceed the limit of ", limits_.max_bytes));
  }
  if (!caller.empty()) {
    Holding& held = callers_[caller];
    if (absl::Status status = CheckShare(held, bytes); !status.ok()) return status;
    ++held.calls;
    held.bytes += bytes;
  }
  ++inside_.in_flight;
  ++inside_.pending;
  inside_.bytes += bytes;
  ++unanswered_;
  return AdmissionSlot(this, bytes, std::move(caller));
}

absl::Status Admission::CheckShare(const Holding& held, std::size_t bytes) const {
  if (held.calls == 0) return absl::OkStatus();  // a new caller's first call: its entry is not left empty
  constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;
  const auto percent = static_cast<std::size_t>(limits_.caller_percent);
  const std::size_t max_calls = static_cast<std::size_t>(limits_.max_calls) * percent / 100;
  if (static_cast<std::size_t>(held.calls) >= max_calls) {
    return Reject(kExhausted, "QUOTA_EXCEEDED",
                  absl::StrCat(held.calls, " calls of this caller are in the server, its share of ", limits_.max_calls,
                               " is ", max_calls));
  }
  const std::size_t max_bytes = limits_.max_bytes / 100 * percent;
  if (bytes > max_bytes || held.bytes > max_bytes - bytes) {
    return Reject(kExhausted, "QUOTA_EXCEEDED",
                  absl::StrCat("calls of ", held.bytes, " bytes of this caller are in the server, another ", bytes,
                               " bytes exceed its share of ", max_bytes));
  }
  return absl::OkStatus();
}

void Admission::Open(std::size_t least_bytes) {
  MutexLock lock(&mutex_);
  if (state_ != State::kLoading) return;
  state_ = State::kOpen;
  least_bytes_ = least_bytes;
}

void Admission::Close() {
  MutexLock lock(&mutex_);
  state_ = State::kClosed;
}

bool Admission::WaitIdle(const Clock& clock, TimePoint deadline) {
  MutexLock lock(&mutex_);
  while (unanswered_ > 0) {
    if (clock.Now() >= deadline) return false;
    clock.WaitUntil(&idle_, &mutex_, deadline);
  }
  return true;
}

Occupancy Admission::occupancy() const {
  MutexLock lock(&mutex_);
  return inside_;
}

void Admission::Began() {
  MutexLock lock(&mutex_);
  --inside_.pending;
}

void Admission::GaveBack(std::size_t bytes, bool pending, const std::string& caller) {
  MutexLock lock(&mutex_);
  if (const auto held = callers_.find(caller); held != callers_.end()) {
    held->second.bytes -= bytes;
    if (--held->second.calls == 0) callers_.erase(held);
  }
  --inside_.in_flight;
  inside_.bytes -= bytes;
  if (pending) --inside_.pending;
}

void Admission::Answered() {
  MutexLock lock(&mutex_);
  // Notified under the lock: whoever waits may destroy this object as soon as it is released.
  if (--unanswered_ == 0) idle_.NotifyAll();
}

}  // namespace lqvg::serving
