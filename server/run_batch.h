// One batch through the model: each distinct picture and each distinct expression encoded once, then each distinct pair
// grounded once; none of it for what the caches know.
//
// Called by the batcher's worker alone; blocks until the device is done. The only place of serving that calls a
// Grounder's compute, and the seam where exceptions end: nothing is thrown.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/grounder.h"
#include "server/call.h"
#include "server/choose_batch.h"
#include "server/clock.h"
#include "server/prepared_query.h"

namespace lqvg::serving {

struct Caches;

// A call in the batcher's queue.
struct BatchItem {
  std::shared_ptr<Call> call;
  PreparedQuery query;
  TimePoint queued_at;
};

// What a batch was and where its time went, for metrics and log.
struct BatchReport {
  int calls = 0;
  int images = 0;            // encoded: distinct ones that were not cached
  int expressions = 0;       // grounded: distinct pairs of picture and expression that were not cached
  int expired_executed = 0;  // calls that were past their deadline when the batch began: a bug if not 0
  double image_seconds = 0;
  double text_seconds = 0;
  double fusion_seconds = 0;
  double transformer_seconds = 0;
  absl::Status status;  // why the batch failed, in the model's own words: for the log, never for callers
};

struct BatchResult {
  std::vector<absl::StatusOr<GroundAnswer>> answers;  // one per call, in order; none when the batch failed
  BatchReport report;
};

// Runs `items` (at least one, with at most limits.max_images pictures) that were chosen at `began`. Expressions run in
// steps of at most limits.max_expressions. One expression's non-finite output is that expression's INTERNAL,
// INTERNAL_ERROR, and its call's when all of them failed. The batch fails as a whole with the Grounder's error;
// INTERNAL when that throws or returns a wrong count; RESOURCE_EXHAUSTED (DEVICE_MEMORY) when memory ends; CANCELLED as
// soon as every call is finished.
//
// `caches` are looked up before anything runs, and filled when all of it has succeeded, but not with what is not
// finite. When memory ends, their features go, so that a retry has the room. Null: there are none.
BatchResult RunBatch(Grounder& grounder, std::span<const BatchItem> items, const BatchLimits& limits, TimePoint began,
                     const Clock& clock, Caches* caches = nullptr);

}  // namespace lqvg::serving
