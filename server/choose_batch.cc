#include "server/choose_batch.h"

#include <algorithm>
#include <tuple>

namespace lqvg::serving {
namespace {

bool SamePicture(const QueuedCall& a, const QueuedCall& b) {
  return !a.image_key.empty() && a.image_key == b.image_key;
}

// The indices of the calls that may run, most urgent first.
std::vector<std::size_t> ByUrgency(std::span<const QueuedCall> queue, TimePoint now, Duration patience) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < queue.size(); ++i) {
    if (!queue[i].finished && queue[i].deadline > now) order.push_back(i);
  }
  const auto rank = [&](std::size_t i) {
    const QueuedCall& call = queue[i];
    return std::tuple(std::min(call.deadline, call.arrival + patience), call.arrival, i);
  };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  return order;
}

// Until when a call may be kept waiting for company.
TimePoint MayWaitUntil(const QueuedCall& call, Duration max_queue_delay) {
  return call.arrival + std::min(max_queue_delay, (call.deadline - call.arrival) / 10);
}

}  // namespace

BatchChoice ChooseBatch(std::span<const QueuedCall> queue, TimePoint now, const BatchLimits& limits) {
  std::vector<std::size_t> order = ByUrgency(queue, now, limits.patience);
  if (order.empty()) return {};
  const QueuedCall& head = queue[order.front()];
  std::stable_partition(order.begin() + 1, order.end(), [&](std::size_t i) { return SamePicture(queue[i], head); });

  BatchChoice choice;
  int images = 0;
  int expressions = 0;
  bool passed_over = false;
  TimePoint may_wait_until = TimePoint::max();
  for (const std::size_t i : order) {
    const bool shares_picture = std::any_of(choice.run.begin(), choice.run.end(),
                                            [&](std::size_t chosen) { return SamePicture(queue[i], queue[chosen]); });
    const int images_with = images + (shares_picture ? 0 : 1);
    const int expressions_with = expressions + queue[i].expression_count;
    const bool fits = images_with <= limits.max_images && expressions_with <= limits.max_expressions;
    if (!fits && !choice.run.empty()) {
      passed_over = true;
      continue;
    }
    choice.run.push_back(i);
    images = images_with;
    expressions = expressions_with;
    may_wait_until = std::min(may_wait_until, MayWaitUntil(queue[i], limits.max_queue_delay));
  }

  const bool full = passed_over || images >= limits.max_images || expressions >= limits.max_expressions;
  if (!full && now < may_wait_until) return {.run = {}, .wake_at = may_wait_until};
  return choice;
}

}  // namespace lqvg::serving
