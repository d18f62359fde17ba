// Runs one step of a load: a rate, or a number of callers that each wait for their answer, held for some time.
//
// RunStep blocks, on the caller's thread, until every call has ended. It owns the connections of the step, so steps
// begin alike.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/load/arrivals.h"
#include "client/load/caller.h"
#include "client/load/report.h"
#include "client/load/workload.h"

namespace lqvg::load {

// Told about once a second while a load runs, on a thread of its own: the time measured so far, and what came of it.
using OnProgress = std::function<void(absl::Duration elapsed, const Tally& so_far)>;

struct StepOptions {
  CallerOptions caller;
  std::optional<double> rate;      // calls per second; of an open loop that is not a replay
  std::optional<int> concurrency;  // of a closed loop; exactly one of it and `arrivals` is set
  std::optional<Arrivals> arrivals;
  absl::Duration warm_up = absl::Seconds(1);    // not measured
  absl::Duration duration = absl::Seconds(10);  // measured; a replay may be over earlier
  std::int64_t max_calls = 0;                   // measured ones; 0: as many as there are
  std::int64_t max_in_flight = 10'000;          // an open loop leaves calls out rather than have more
  std::uint64_t first_call = 0;                 // number of the first (Workload::Plan)
  const std::atomic<bool>* stop = nullptr;      // set by another thread or a signal: send no more, and report
  OnProgress on_progress = {};                  // may be left out
};

absl::StatusOr<Step> RunStep(StepOptions options, const Workload& workload, const Protocol& protocol);

}  // namespace lqvg::load
