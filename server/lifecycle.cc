#include "server/lifecycle.h"

#include <algorithm>
#include <csignal>
#include <utility>

namespace lqvg::serving {

DrainPlan PlanDrain(int signal, LifecycleState state, TimePoint now, const DrainOptions& options) {
  const bool had_served = state == LifecycleState::kServing;
  const TimePoint abandon_at = now + options.timeout;
  return {.refuse_at = had_served && signal == SIGTERM ? std::min(now + options.delay, abandon_at) : now,
          .abandon_at = abandon_at,
          .end_at = abandon_at + kTeardownMargin,
          .had_served = had_served};
}

DrainPlan PlanBreakdown(TimePoint now) {
  const TimePoint abandon_at = now + kBreakdownGrace;
  return {.refuse_at = now, .abandon_at = abandon_at, .end_at = abandon_at + kTeardownMargin, .had_served = false};
}

SignalResponse RespondTo(int signal, LifecycleState state) {
  if (signal != SIGTERM && signal != SIGINT) return SignalResponse::kReload;
  const bool is_first = state == LifecycleState::kStarting || state == LifecycleState::kServing;
  return is_first ? SignalResponse::kDrain : SignalResponse::kEndNow;
}

bool Lifecycle::BeginServing(const std::function<void()>& become_ready) {
  MutexLock lock(&mutex_);
  if (state_ != LifecycleState::kStarting) return false;
  become_ready();
  state_ = LifecycleState::kServing;
  return true;
}

void Lifecycle::FailStart(absl::Status status) {
  MutexLock lock(&mutex_);
  start_status_ = std::move(status);
  changed_.NotifyAll();
}

SignalResponse Lifecycle::OnSignal(int signal) {
  MutexLock lock(&mutex_);
  const SignalResponse response = RespondTo(signal, state_);
  if (response == SignalResponse::kDrain) {
    plan_ = PlanDrain(signal, state_, clock_.Now(), options_);
    state_ = LifecycleState::kDraining;
    changed_.NotifyAll();
  }
  return response;
}

void Lifecycle::Break() {
  MutexLock lock(&mutex_);
  broken_ = true;
  if (state_ == LifecycleState::kStarting || state_ == LifecycleState::kServing) {
    plan_ = PlanBreakdown(clock_.Now());
    state_ = LifecycleState::kDraining;
  }
  changed_.NotifyAll();
}

void Lifecycle::FinishDrain() {
  MutexLock lock(&mutex_);
  state_ = LifecycleState::kStopped;
}

absl::StatusOr<DrainPlan> Lifecycle::AwaitStop() {
  MutexLock lock(&mutex_);
  while (state_ != LifecycleState::kDraining && start_status_.ok()) changed_.Wait(&mutex_);
  if (!start_status_.ok()) return start_status_;
  return plan_;
}

void Lifecycle::AwaitTime(TimePoint time) {
  MutexLock lock(&mutex_);
  while (clock_.Now() < time && !broken_) clock_.WaitUntil(&changed_, &mutex_, time);
}

LifecycleState Lifecycle::state() const {
  MutexLock lock(&mutex_);
  return state_;
}

bool Lifecycle::broken() const {
  MutexLock lock(&mutex_);
  return broken_;
}

}  // namespace lqvg::serving
