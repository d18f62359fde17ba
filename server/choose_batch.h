// Which queued calls run together next: a pure function of the queue, the time, what a batch costs and the limits.
//
// The policy:
//  1. A call that is finished or expired is never chosen.
//  2. Calls are ordered by urgency: min(deadline, arrival + patience), then arrival, then place in the queue. So the
//     earliest deadline goes first, and nothing starves: a call is never overtaken by one that arrived more than
//     `patience` after it.
//  3. The most urgent call that can still be done in time, the head, is always in the batch, even if it alone exceeds
//     max_expressions. If none can be, the most urgent one is run all the same: the device would be idle, and the cost
//     may be believed too high.
//  4. Then come calls about the head's picture, whose image part is free, then the others, each most urgent first. A
//     call that would exceed a limit, or make a member late, is passed over, and smaller ones behind it may still join.
//  5. A batch grows only while that pays: a call joins when the time that running it with the others saves, for itself
//     and for everyone who is left behind, outweighs the time that it costs those who are in the batch already. On a
//     device where pictures do not batch well, a batch stays at one.
//  6. Work-conserving: with max_queue_delay 0 the batch runs at once. Otherwise it waits for company until a limit is
//     reached, a member could not wait longer without being late, or has waited max_queue_delay or a tenth of the time
//     it was given, whichever is first.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "server/clock.h"
#include "server/cost_model.h"

namespace lqvg::serving {

// What the choice needs to know of a queued call.
struct QueuedCall {
  TimePoint arrival;
  TimePoint deadline;
  std::string_view image_key = {};  // equal keys: the same picture; empty: equal to none
  int expression_count = 1;
  bool finished = false;
  bool picture_known = false;  // its image part need not run
  TimePoint ready_at{};        // when its picture is expected to be decoded; that of a queued call is
};

struct BatchLimits {
  int max_images = 1;                           // distinct pictures encoded at once: on a CPU more do not pay
  int max_expressions = 32;                     // of all calls together
  Duration max_queue_delay{0};                  // that a free device waits for company
  Duration patience = std::chrono::seconds(5);  // after which a call's place no longer depends on its deadline
};

struct BatchChoice {
  std::vector<std::size_t> run;          // indices into the queue, the head first; empty: nothing to run now
  TimePoint wake_at = TimePoint::max();  // when to choose again if nothing new arrives
  TimePoint done_at{};                   // when the batch is expected to have run
};

BatchChoice ChooseBatch(std::span<const QueuedCall> queue, TimePoint now, const BatchCost& cost,
                        const BatchLimits& limits);

// The indices of the calls that may still run at `now`, most urgent first.
std::vector<std::size_t> ByUrgency(std::span<const QueuedCall> queue, TimePoint now, Duration patience);

bool SamePicture(const QueuedCall& a, const QueuedCall& b);

}  // namespace lqvg::serving
