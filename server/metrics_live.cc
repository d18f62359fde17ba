#include "server/metrics_live.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/process_quota.h"

namespace lqvg::serving {
namespace {

using prometheus::MetricType;

prometheus::ClientMetric Value(double value) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  metric.counter.value = value;
  return metric;
}

prometheus::MetricFamily One(std::string name, std::string help, double value, MetricType type = MetricType::Gauge) {
  return {.name = std::move(name), .help = std::move(help), .type = type, .metric = {Value(value)}};
}

std::vector<prometheus::MetricFamily> CacheFamilies(const CachesCounts& counts) {
  const auto family = [&](std::string name, std::string help, MetricType type, std::uint64_t CacheCounts::*count) {
    prometheus::MetricFamily made{.name = std::move(name), .help = std::move(help), .type = type, .metric = {}};
    const auto add = [&](std::string_view cache, const CacheCounts& of_cache) {
      made.metric.push_back(Value(static_cast<double>(of_cache.*count)));
      made.metric.back().label.push_back({.name = "cache", .value = std::string(cache)});
    };
    add("image", counts.images);
    add("text", counts.texts);
    add("response", counts.responses);
    return made;
  };
  return {
      family("lqvg_cache_hits_total", "Look-ups that found something.", MetricType::Counter, &CacheCounts::hits),
      family("lqvg_cache_misses_total", "Look-ups after which it was computed, or a digest was not known.",
             MetricType::Counter, &CacheCounts::misses),
      family("lqvg_cache_evictions_total", "Entries that had to go for newer ones.", MetricType::Counter,
             &CacheCounts::evictions),
      family("lqvg_cache_bytes", "What the cache holds: on CUDA, features in the device's memory.", MetricType::Gauge,
             &CacheCounts::bytes),
  };
}

// What the admission of calls reckons with, for a few sizes of a batch.
prometheus::MetricFamily CostFamily(const BatchCost& cost) {
  struct Size {
    int images, expressions;
  };
  prometheus::MetricFamily made{.name = "lqvg_cost_seconds",
                                .help =
                                    "What a batch of new pictures and of expressions is expected to take, from those "
                                    "that ran; 0 before the first.",
                                .type = MetricType::Gauge,
                                .metric = {}};
  for (const Size size : {Size{0, 1}, Size{1, 1}, Size{1, 8}, Size{8, 8}}) {
    const Duration takes = cost.Of(size.images, size.expressions);
    made.metric.push_back(Value(std::chrono::duration<double>(takes).count()));
    made.metric.back().label = {{.name = "images", .value = std::to_string(size.images)},
                                {.name = "expressions", .value = std::to_string(size.expressions)}};
  }
  return made;
}

}  // namespace

std::vector<prometheus::MetricFamily> LiveMetrics::Collect() const {
  const LiveState state = state_();
  const Occupancy& inside = state.occupancy;
  const ProcessStats process = ReadProcessStats();
  const auto number = [](auto value) { return static_cast<double>(value); };
  std::vector<prometheus::MetricFamily> families = {
      One("lqvg_requests_received_total", "Grounding calls that came, answered or not.", number(inside.received),
          MetricType::Counter),
      One("lqvg_pending_requests", "Admitted grounding calls that the model has not begun with.",
          number(inside.pending)),
      One("lqvg_inflight_requests", "Admitted grounding calls that are not answered yet, waiting or running.",
          number(inside.in_flight)),
      One("lqvg_queue_bytes",
          "Bytes of these unanswered calls: each its request as it came, or its canvas if that is larger.",
          number(inside.bytes)),
      One("lqvg_batch_images_limit",
          "Pictures that a batch may have now: fewer than --max-batch-images after batches that did not fit into the "
          "device's memory; 0 before the model is loaded.",
          number(state.largest_batch.images)),
      One("lqvg_batch_expressions_limit",
          "Expressions that a batch may have now: fewer than --max-batch-expressions after batches that did not "
          "fit into the device's memory; 0 before the model is loaded.",
          number(state.largest_batch.expressions)),
      One("lqvg_memory_limit_bytes", "Memory that the process may use: its control group's limit, or the machine's.",
          number(ReadProcessQuota().memory_bytes)),
      One("process_cpu_seconds_total", "CPU time of all threads, user and system.", process.cpu_seconds,
          MetricType::Counter),
      One("process_start_time_seconds", "When the process started, since the Unix epoch.", start_time_seconds_),
      One("process_resident_memory_bytes", "Resident memory.", number(process.resident_bytes)),
      One("process_virtual_memory_bytes", "Virtual memory.", number(process.virtual_bytes)),
      One("process_open_fds", "Open file descriptors.", number(process.open_fds)),
      One("process_max_fds", "Open file descriptors allowed, the soft limit.", number(process.max_fds)),
      One("process_threads", "Threads.", number(process.threads)),
  };
  for (prometheus::MetricFamily& family : CacheFamilies(state.caches)) families.push_back(std::move(family));
  families.push_back(CostFamily(state.cost));
  return families;
}

}  // namespace lqvg::serving
