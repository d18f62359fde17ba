// What a load measured, told to people (text), to programs (JSON, CSV), and as a picture (SVG).
//
// Pure functions, thread-safe. Durations are seconds in JSON and CSV, as in Prometheus.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/load/tally.h"

namespace lqvg::load {

// One load: a rate or a concurrency held for some time.
struct Step {
  std::optional<double> offered = {};   // calls per second asked for; empty in a closed loop
  std::optional<int> concurrency = {};  // of a closed loop
  std::int64_t due = 0;                 // calls that an open loop's clock asked for; what `tally` lacks was left out
  absl::Duration duration = {};         // measured, without the warm-up
  Tally tally = {};
  double client_cpu = 0;  // this process's processor time over the duration, in cores
  int client_cores = 1;   // that it may use
};

struct Report {
  std::string target;    // "127.0.0.1:50051"
  std::string protocol;  // "lqvg" or "oip"
  std::string workload;  // one line that says what was asked: "100 scenes of 256 x 256, 1 expression, timeout 1s"
  std::vector<Step> steps;
};

// Good calls per second; 0 where no time was measured.
double GoodputPerSecond(const Step& step);

// Why the figures may be the tool's and not the server's, one sentence each; empty: nothing suggests that. Said where
// calls were sent late (the 99th percentile of the lag above 1 ms and above a tenth of the median latency), where calls
// that were due were left out, and where the tool used more than 0.9 of its cores.
std::vector<std::string> Doubts(const Step& step);

std::string ToText(const Report& report);  // a block per step, and a table of the steps where there are several

// An object; its durations, rates and cores have their unit in the key. What was not measured, such as the latency
// where no call was OK, is null.
std::string ToJson(const Report& report);

// RFC 4180: a header and a line per step, ended by CR LF. What was not measured is empty.
std::string ToCsv(const Report& report);

// Goodput and the 50th, 99th and 99.9th percentile of the latency over the offered load, one panel each; for a closed
// loop (a first step without `offered`) over the concurrency. Steps of the other kind are left out.
std::string ToSvg(const Report& report);

// What is shown while a load runs: "12.0 s  sent 5990  ok 5985  good 5901  500/s  p50 1.21 ms  p99 4.50 ms".
std::string LiveLine(absl::Duration elapsed, const Tally& so_far, double per_second);

// "850 us", "1.21 ms", "45.2 ms", "1.30 s": three digits, more from 1000 s on, fewer below 1 us.
std::string LatencyText(absl::Duration latency);

}  // namespace lqvg::load
