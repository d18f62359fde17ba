// Which queued calls run together next: a pure function of the queue, the time and the limits.
//
// The policy:
//  1. A call that is finished or expired is never chosen.
//  2. Calls are ordered by urgency: min(deadline, arrival + patience), then arrival, then place in the queue. So the
//     earliest deadline goes first, and nothing starves: a call is never overtaken by one that arrived more than
//     `patience` after it.
//  3. The most urgent call, the head, is always in the batch, even if it alone exceeds max_expressions.
//  4. Then come calls about the head's picture, whose image part is free, then the others, each most urgent first. A
//     call that would exceed a limit is passed over, and smaller ones behind it may still join.
//  5. Work-conserving: with max_queue_delay 0 the batch runs at once. Otherwise it waits for company until a limit is
//     reached, or a member has waited max_queue_delay or a tenth of the time it was given, whichever is less.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "server/clock.h"

namespace lqvg::serving {

// What the choice needs to know of a queued call.
struct QueuedCall {
  TimePoint arrival;
  TimePoint deadline;
  std::string_view image_key = {};  // equal keys: the same picture; empty: equal to none
  int expression_count = 1;
  bool finished = false;
};

struct BatchLimits {
  int max_images = 1;                           // distinct pictures at once: on a CPU more do not pay
  int max_expressions = 32;                     // of all calls together
  Duration max_queue_delay{0};                  // that a free device waits for company
  Duration patience = std::chrono::seconds(5);  // after which a call's place no longer depends on its deadline
};

struct BatchChoice {
  std::vector<std::size_t> run;          // indices into the queue, the head first; empty: nothing to run now
  TimePoint wake_at = TimePoint::max();  // when to choose again if nothing new arrives
};

BatchChoice ChooseBatch(std::span<const QueuedCall> queue, TimePoint now, const BatchLimits& limits);

}  // namespace lqvg::serving
