// How a server stops without losing what it has accepted: the order of the steps, apart from what each of them does.
//
// Called by Serve's main thread; blocks until the server has stopped.
#pragma once

#include <functional>

#include "server/clock.h"
#include "server/lifecycle.h"

namespace lqvg::serving {

// What the drain does to the parts of the server. None may throw.
struct DrainSteps {
  std::function<void()> become_unready;       // health says NOT_SERVING; calls are still served
  std::function<void(TimePoint)> await_time;  // blocks until then
  std::function<void()> refuse_calls;         // from now on new calls get SHUTTING_DOWN
  std::function<bool(TimePoint)> await_idle;  // blocks until all calls are answered: true; or until then: false
  std::function<void()> abandon_calls;        // answers what is left with SHUTTING_DOWN, without waiting for the model
  std::function<void(Duration)> close_transport;  // blocks until the answers are sent, at most for so long
};

enum class DrainResult {
  kFinished,   // every call that was inside got its own answer
  kAbandoned,  // time ran out: the rest was answered SHUTTING_DOWN
};

// Carries out `plan`.
DrainResult Drain(const DrainPlan& plan, const DrainSteps& steps);

}  // namespace lqvg::serving
