// The metrics that are read when they are asked for: the server's occupancy, its caches, what batches cost and how
// large they may be, and what the kernel says of the process.
//
// Owned by Metrics. Thread-safe; blocks for as long as the kernel takes to tell.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <functional>
#include <utility>
#include <vector>

#include "server/metrics.h"
#include "server/process_stats.h"

namespace lqvg::serving {

class LiveMetrics final : public prometheus::Collectable {
 public:
  // `state` is asked at every scrape, by any thread.
  explicit LiveMetrics(std::function<LiveState()> state) : state_(std::move(state)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::function<LiveState()> state_;
  // Read once: the kernel derives the time of boot from a clock that is adjusted, and a start that moves looks like a
  // new process.
  const double start_time_seconds_ = ReadProcessStats().start_time_seconds;
};

}  // namespace lqvg::serving
