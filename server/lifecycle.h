// The life of the server process: starting, serving, draining, stopped; and what a signal means in each of them.
//
// The policy is in pure functions; Lifecycle only remembers where the process is and wakes who waits for a change.
// Owned by Serve. Thread-safe; only AwaitStop and AwaitTime block.
#pragma once

#include <chrono>
#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/clock.h"
#include "server/mutex.h"

namespace lqvg::serving {

enum class LifecycleState {
  kStarting,  // the ports are open, the model is being loaded
  kServing,
  kDraining,  // a signal asked to stop: not ready any more, first still serving, then finishing what is inside; or the
              // process is broken
  kStopped,   // every call is answered
};

// Both count from the signal, so that timeout + kTeardownMargin is the longest that stopping takes. With the defaults
// that is below the 30 s after which Kubernetes kills.
struct DrainOptions {
  Duration delay = std::chrono::seconds(5);     // load balancers need it to see that this server is not ready
  Duration timeout = std::chrono::seconds(25);  // then what is left is answered SHUTTING_DOWN
};

// For the teardown after the drain; a process that has not ended then ends itself, whatever hangs.
inline constexpr Duration kTeardownMargin = std::chrono::seconds(3);

struct DrainPlan {
  TimePoint refuse_at;   // new calls are served until here and refused from here on
  TimePoint abandon_at;  // calls inside may finish until here
  TimePoint end_at;      // the process is gone
  bool had_served;       // false: the model is still being loaded, on its own thread, or the process is broken
};

// How long what is inside may take to be answered once the process is broken.
inline constexpr Duration kBreakdownGrace = std::chrono::seconds(1);

// For a process that breaks at `now`, because its device or its listener is lost: only another one can serve.
DrainPlan PlanBreakdown(TimePoint now);

// For a signal that came at `now`. SIGINT, which a person sends, skips the delay; so does a process that never served.
DrainPlan PlanDrain(int signal, LifecycleState state, TimePoint now, const DrainOptions& options);

enum class SignalResponse {
  kReload,  // read certificates and clients again: SIGHUP
  kDrain,   // begin to stop
  kEndNow,  // the second SIGTERM or SIGINT: end without waiting for the calls inside
};
SignalResponse RespondTo(int signal, LifecycleState state);

class Lifecycle {
 public:
  // `clock` outlives the lifecycle.
  Lifecycle(const DrainOptions& options, const Clock& clock) : options_(options), clock_(clock) {}
  Lifecycle(const Lifecycle&) = delete;
  Lifecycle& operator=(const Lifecycle&) = delete;

  // Starting -> serving, with `become_ready` called in between; it must not block. False when a signal came first, and
  // then it is not called: a server that drains never becomes ready.
  bool BeginServing(const std::function<void()>& become_ready);
  // The process cannot start: AwaitStop returns `status`.
  void FailStart(absl::Status status);
  // The response is for the caller to carry out, except that kDrain has taken effect: AwaitStop returns.
  SignalResponse OnSignal(int signal);
  // Starting or serving -> draining, without any delay. A drain that has begun is not waited for either.
  void Break();
  // Draining -> stopped.
  void FinishDrain();

  // Blocks until a signal asks to stop or the process is broken: the plan for it; or until the start failed: why.
  absl::StatusOr<DrainPlan> AwaitStop();
  // Blocks until `time`, or until the process is broken.
  void AwaitTime(TimePoint time);

  LifecycleState state() const;
  bool broken() const;

 private:
  const DrainOptions options_;
  const Clock& clock_;
  mutable Mutex mutex_;
  CondVar changed_;
  LifecycleState state_ ABSL_GUARDED_BY(mutex_) = LifecycleState::kStarting;
  absl::Status start_status_ ABSL_GUARDED_BY(mutex_);
  DrainPlan plan_ ABSL_GUARDED_BY(mutex_);  // set when the drain begins
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace lqvg::serving
