// The metrics that are read when they are asked for: the server's occupancy, its caches, and what the kernel says of
// the process.
//
// Owned by Metrics. Thread-safe; blocks for as long as the kernel takes to tell.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <functional>
#include <utility>
#include <vector>

#include "server/admission.h"
#include "server/caches.h"
#include "server/process_stats.h"

namespace lqvg::serving {

class LiveMetrics final : public prometheus::Collectable {
 public:
  // Both are asked at every scrape, by any thread.
  LiveMetrics(std::function<Occupancy()> occupancy, std::function<CachesCounts()> caches)
      : occupancy_(std::move(occupancy)), caches_(std::move(caches)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::function<Occupancy()> occupancy_;
  const std::function<CachesCounts()> caches_;
  // Read once: the kernel derives the time of boot from a clock that is adjusted, and a start that moves looks like a
  // new process.
  const double start_time_seconds_ = ReadProcessStats().start_time_seconds;
};

}  // namespace lqvg::serving
