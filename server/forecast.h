// When a call that comes now would be done: a pure function of what is inside, the time, what batches cost and the
// limits.
#pragma once

#include <span>

#include "absl/status/status.h"
#include "server/choose_batch.h"
#include "server/clock.h"
#include "server/cost_model.h"

namespace lqvg::serving {

struct Forecast {
  TimePoint done;  // of the newcomer
  // A call that waits would miss its deadline, and would not without the newcomer. Not asked of one that is late
  // itself.
  bool makes_late = false;
};

// Runs what waits and the newcomer on paper, in the order and within the limits of ChooseBatch, each batch as full as
// it may be, from `device_free` on, which is `now` for an idle device. A call counts as done when its batch is, grown
// as it is likely to grow until it begins. A call that waits may have any state; those that are finished or expired
// count for nothing, and neither do those that must miss their deadlines, since they will not run.
//
// The newcomer is done no sooner than its picture is decoded and it has run alone. Those that wait for their pictures
// are taken as ready: others run before them, but that makes nobody later.
Forecast ForecastCall(std::span<const QueuedCall> waiting, const QueuedCall& newcomer, TimePoint now,
                      TimePoint device_free, const BatchCost& cost, const BatchLimits& limits);

// Whether a newcomer is to be admitted. OK; or UNAVAILABLE, DEADLINE_UNREACHABLE when it would not be done in time,
// with room for what the forecast may be wrong by and for the answer's way to the client, or when it makes another call
// late.
absl::Status CheckReachable(std::span<const QueuedCall> waiting, const QueuedCall& newcomer, TimePoint now,
                            TimePoint device_free, const BatchCost& cost, const BatchLimits& limits);

}  // namespace lqvg::serving
