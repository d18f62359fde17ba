#include "server/drain.h"

#include <chrono>

namespace lqvg::serving {
namespace {

// Every call is answered by now: this is for the answers to be sent. It is spent in full where a client does not read
// its answer, and most of kTeardownMargin is left after it.
constexpr Duration kClosingTime = std::chrono::seconds(1);

}  // namespace

DrainResult Drain(const DrainPlan& plan, const DrainSteps& steps) {
  steps.become_unready();
  steps.await_time(plan.refuse_at);
  steps.refuse_calls();
  const bool idle = steps.await_idle(plan.abandon_at);
  if (!idle) steps.abandon_calls();
  steps.close_transport(kClosingTime);
  return idle ? DrainResult::kFinished : DrainResult::kAbandoned;
}

}  // namespace lqvg::serving
