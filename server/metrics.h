// Every metric of the server: its name, its labels, its buckets. The only unit that knows prometheus-cpp, with
// metrics_live, which holds those that are read at a scrape, and metrics_endpoint, which serves them.
//
// Owned by Serve. Thread-safe; nothing blocks. Labels have fixed sets of values, and series are looked up by integers:
// recording a call takes a quarter of a microsecond.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/grounder.h"
#include "server/admission.h"
#include "server/caches.h"
#include "server/cost_model.h"
#include "server/finished_call.h"
#include "server/memory_limits.h"
#include "server/run_batch.h"

namespace prometheus {
class Collectable;
}  // namespace prometheus

namespace lqvg::serving {

// What the server is like at one moment.
struct LiveState {
  Occupancy occupancy = {};
  CachesCounts caches = {};
  BatchCost cost = {};
  MemoryLimits::Counts largest_batch = {};
};

class Metrics {
 public:
  // `state` is asked at every scrape, by any thread.
  Metrics(std::string_view version, std::string_view commit, std::function<LiveState()> state);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void Record(const FinishedCall& call);
  void Record(const BatchReport& batch);
  // A batch that does not come back, and so has no report.
  void RecordDeviceHang();
  // To be called once, when the model is loaded.
  void SetModel(const ModelInfo& info);

  // Everything, in Prometheus's text format.
  std::string Text() const;

  // What metrics_endpoint serves.
  std::vector<std::weak_ptr<prometheus::Collectable>> collectables() const;

 private:
  struct Series;
  const std::unique_ptr<Series> series_;
};

}  // namespace lqvg::serving
