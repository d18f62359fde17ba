// A load as a plot shows it: of this run, or of one whose report was written before, so that two servers can be drawn
// on one sheet.
//
// Pure functions, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client/load/report.h"

namespace lqvg::load {

struct PlottedStep {
  double load = 0;                     // calls per second offered, or callers of a closed loop
  double good = 0;                     // calls per second
  double p50 = 0, p99 = 0, p99_9 = 0;  // latency of the OK calls, ms; not a number where there is none
};

struct PlottedRun {
  std::string name;  // in the legend; empty: the only run
  bool is_open = true;
  std::vector<PlottedStep> steps;  // by load
};

// Steps of one kind, that of the first; the others are left out.
PlottedRun Plot(const Report& report, const std::string& name);

// The same of what ToJson wrote. INVALID_ARGUMENT: it is no report.
absl::StatusOr<PlottedRun> ParsePlottedRun(std::string_view json, const std::string& name);

// Goodput and latency over the load, a panel each. One run: the 50th, 99th and 99.9th percentile. Several: the 50th and
// the 99th of each; runs of another kind of loop than the first are left out.
std::string DrawRuns(const std::string& title, const std::string& workload, const std::vector<PlottedRun>& runs);

}  // namespace lqvg::load
