// The command line of `lqvg-load`: which server, which load, what is written where.
//
// Stateless. Every error is INVALID_ARGUMENT and for the person who typed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/arguments.h"
#include "client/load/caller.h"
#include "client/load/pictures.h"
#include "client/load/workload.h"

namespace lqvg::load {

struct LoadOptions {
  CallerOptions caller;
  std::string protocol = "lqvg";  // or "oip"
  std::string model = "lqvg";     // of the Open Inference Protocol

  // When: one of the three.
  std::vector<double> rates;       // calls per second, a step each
  bool constant = false;           // equal gaps; false: Poisson
  std::vector<int> concurrencies;  // a step each
  std::string replay;              // file of arrivals
  double speed = 1;                // of the replay

  absl::Duration warm_up = absl::Seconds(1), duration = absl::Seconds(10);
  std::int64_t max_calls = 0, max_in_flight = 10'000;

  // What: scenes, or files with the expressions given.
  SceneOptions scenes;
  std::vector<std::string> files, expressions;
  WorkloadOptions workload;

  std::string json, csv, plot;  // paths; empty: not written
  struct Drawn {
    std::string name, path;
  };
  std::vector<Drawn> beside;  // reports of other runs, to be drawn too
  std::string name;           // of this run where there are others
  bool quiet = false;         // no progress
};

const std::vector<cli::Option>& LoadOptionTable();

absl::StatusOr<LoadOptions> ReadLoadOptions(const cli::Arguments& arguments);

// One line: "100 scenes of 256 x 256, 1 expression a call, timeout 10s".
std::string DescribeWorkload(const LoadOptions& options);

}  // namespace lqvg::load
