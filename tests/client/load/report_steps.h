// Steps of a load for tests of what is told of them.
//
// Pure functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "client/load/report.h"

namespace lqvg::load {

// `calls` in ten seconds, of which one in ten is refused; latencies 1 ms and, of one OK call in a hundred, `slow`.
inline Step TenSeconds(int calls, absl::Duration slow) {
  Step step{.offered = calls / 10.0, .duration = absl::Seconds(10), .client_cores = 2};
  step.client_cpu = 0.5, step.due = calls;
  for (int i = 0; i < calls; ++i) {
    Outcome outcome{
        .latency = absl::Milliseconds(1), .service = absl::Microseconds(900), .lag = absl::Microseconds(20)};
    outcome.within_deadline = true;
    outcome.expressions = outcome.answers_known = 2;
    outcome.answers_right = 1;
    if (i % 100 == 1) outcome.latency = slow;
    if (i % 10 == 0) outcome.status = "UNAVAILABLE", outcome.reason = "QUEUE_FULL", outcome.message = "256 wait";
    step.tally.Count(outcome);
  }
  return step;
}

inline Step ClosedLoop(int concurrency) {
  Step step = TenSeconds(1000, absl::Milliseconds(30));
  step.offered.reset();
  step.concurrency = concurrency;
  return step;
}

inline Step Silent() {
  Step step{.offered = 10, .duration = absl::Seconds(10)};
  for (int i = 0; i < 100; ++i) step.tally.Count({.status = "UNAVAILABLE", .service = absl::Milliseconds(3)});
  return step;
}

// Too few calls for what was offered, and no core left to send them.
inline Step Doubtful() {
  Step step = TenSeconds(1000, absl::Milliseconds(30));
  step.offered = 1000, step.due = 10'000;
  step.client_cpu = 2;
  return step;
}

inline Report ReportOf(std::vector<Step> steps) {
  return {"127.0.0.1:50051", "lqvg", "100 scenes of 256 x 256, 1 expression, timeout 1s", std::move(steps)};
}

inline Report TwoSteps() {
  return ReportOf({TenSeconds(1000, absl::Milliseconds(30)), TenSeconds(2000, absl::Milliseconds(300))});
}

}  // namespace lqvg::load
