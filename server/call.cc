#include "server/call.h"

#include <utility>

#include "image/rejection.h"

namespace lqvg::serving {

Call::Call(const Clock& clock, TimePoint deadline, Parse parse, Done done, AdmissionSlot slot)
    : clock_(clock),
      arrival_(clock.Now()),
      deadline_(deadline),
      done_(std::move(done)),
      parse_(std::move(parse)),
      slot_(std::move(slot)) {}

Call::~Call() {
  Finish(Reject(absl::StatusCode::kInternal, "INTERNAL_ERROR", "the server lost the call before it was answered"));
}

bool Call::Finish(absl::StatusOr<GroundAnswer> answer) {
  if (state_.exchange(State::kFinished, std::memory_order_acq_rel) == State::kFinished) return false;
  Conclude(std::move(answer));
  return true;
}

bool Call::Cancel() {
  return Finish(Reject(absl::StatusCode::kCancelled, "CLIENT_CANCELLED", "the client cancelled the call"));
}

bool Call::Expire() {
  constexpr auto kExceeded = absl::StatusCode::kDeadlineExceeded;
  switch (state_.exchange(State::kFinished, std::memory_order_acq_rel)) {
    case State::kFinished:
      return false;
    case State::kWaiting:
      Conclude(Reject(kExceeded, "EXPIRED_IN_QUEUE", "the deadline passed before the model began with the call"));
      return true;
    case State::kExecuting:
      Conclude(Reject(kExceeded, "EXPIRED_WHILE_RUNNING", "the deadline passed while the model ran"));
      return true;
  }
  return false;
}

void Call::Conclude(absl::StatusOr<GroundAnswer> answer) {
  const TimePoint now = clock_.Now();
  CallOutcome outcome{
      .answer = std::move(answer), .times = {}, .total = now - arrival_, .slack = deadline() - now, .request_id = {}};
  Parse unused_parse;
  Rest unused_rest;
  absl::AnyInvocable<void()> wake;
  AdmissionSlot slot;
  {
    MutexLock lock(&mutex_);
    outcome.times = times_;
    outcome.request_id = std::move(request_id_);
    unused_parse = std::exchange(parse_, nullptr);
    unused_rest = std::exchange(parked_, nullptr);
    wake = std::exchange(wake_, nullptr);
    slot = std::move(slot_);
  }
  // The request's bytes, its picture and the place in the queue are free from here on, also while somebody still holds
  // the call.
  unused_parse = nullptr;
  unused_rest = nullptr;
  slot.GiveBack();
  if (wake) wake();
  // Moved out, so that what `done` holds, perhaps this call, is released with it.
  Done done = std::move(done_);
  done(std::move(outcome));
}

void Call::Shorten(TimePoint deadline) {
  if (deadline < this->deadline()) deadline_.store(deadline, std::memory_order_release);
}

Call::Parse Call::TakeParse() {
  if (finished()) return nullptr;
  MutexLock lock(&mutex_);
  return std::exchange(parse_, nullptr);
}

void Call::Park(Rest rest) {
  MutexLock lock(&mutex_);
  // A call that ends later finds it: Conclude comes here after the state has changed.
  if (!finished()) parked_ = std::move(rest);
}

Call::Rest Call::TakeParked() {
  MutexLock lock(&mutex_);
  return std::exchange(parked_, nullptr);
}

void Call::WakeAtEnd(absl::AnyInvocable<void()> wake) {
  MutexLock lock(&mutex_);
  wake_ = std::move(wake);
}

bool Call::BeginExecuting() {
  State expected = State::kWaiting;
  if (!state_.compare_exchange_strong(expected, State::kExecuting, std::memory_order_acq_rel)) {
    return expected == State::kExecuting;
  }
  MutexLock lock(&mutex_);
  slot_.MarkExecuting();
  return true;
}

void Call::Record(Duration StageTimes::*stage, Duration elapsed) {
  MutexLock lock(&mutex_);
  times_.*stage = elapsed;
}

void Call::RecordRequestId(std::string request_id) {
  MutexLock lock(&mutex_);
  request_id_ = std::move(request_id);
}

}  // namespace lqvg::serving
