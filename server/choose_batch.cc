#include "server/choose_batch.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>

namespace lqvg::serving {
namespace {

// Until when a call may be kept waiting for company, in a batch that takes `duration`.
TimePoint MayWaitUntil(const QueuedCall& call, Duration max_queue_delay, Duration duration) {
  return std::min(call.arrival + std::min(max_queue_delay, (call.deadline - call.arrival) / 10),
                  call.deadline - duration);
}

// A batch while it is put together.
class GrowingBatch {
 public:
  GrowingBatch(std::span<const QueuedCall> queue, TimePoint now, const BatchCost& cost, const BatchLimits& limits)
      : queue_(queue), now_(now), cost_(cost), limits_(limits) {}

  // Takes call `i` in. `left_behind`: calls that would run later, itself included. False: it is not taken.
  bool Take(std::size_t i, std::size_t left_behind) {
    const QueuedCall& call = queue_[i];
    const int images = images_ + (call.picture_known || SharesPicture(call) ? 0 : 1);
    const int expressions = expressions_ + call.expression_count;
    if (!members_.empty()) {
      const bool fits = images <= limits_.max_images && expressions <= limits_.max_expressions;
      if (!fits) full_ = true;
      if (!fits || !Pays(call, images, expressions, left_behind) || MakesLate(call, images, expressions)) return false;
    }
    members_.push_back(i);
    images_ = images;
    expressions_ = expressions;
    earliest_deadline_ = std::min(earliest_deadline_, call.deadline);
    return true;
  }

  bool full() const { return full_ || images_ >= limits_.max_images || expressions_ >= limits_.max_expressions; }

  TimePoint may_wait_until() const {
    TimePoint until = TimePoint::max();
    const Duration duration = cost_.Of(images_, expressions_);
    for (const std::size_t i : members_) {
      until = std::min(until, MayWaitUntil(queue_[i], limits_.max_queue_delay, duration));
    }
    return until;
  }

  TimePoint done_at() const { return now_ + cost_.Of(images_, expressions_); }

  std::vector<std::size_t> TakeMembers() { return std::move(members_); }

 private:
  bool SharesPicture(const QueuedCall& call) const {
    return std::any_of(members_.begin(), members_.end(), [&](std::size_t i) { return SamePicture(call, queue_[i]); });
  }

  bool Pays(const QueuedCall& call, int images, int expressions, std::size_t left_behind) const {
    const Duration together = cost_.Of(images, expressions);
    const Duration members = cost_.Of(images_, expressions_);
    const Duration alone = cost_.Of(call.picture_known ? 0 : 1, call.expression_count);
    const Duration saved = members + alone - together;
    return (together - members) * static_cast<std::int64_t>(members_.size()) <=
           saved * static_cast<std::int64_t>(left_behind);
  }

  bool MakesLate(const QueuedCall& call, int images, int expressions) const {
    // What is late already, such as a head that runs for want of a better one, cannot be made late.
    const TimePoint members_done = now_ + cost_.Of(images_, expressions_);
    const TimePoint done = now_ + cost_.Of(images, expressions);
    return done > call.deadline || (done > earliest_deadline_ && members_done <= earliest_deadline_);
  }

  const std::span<const QueuedCall> queue_;
  const TimePoint now_;
  const BatchCost& cost_;
  const BatchLimits& limits_;
  std::vector<std::size_t> members_;
  int images_ = 0;  // distinct ones that are not known
  int expressions_ = 0;
  TimePoint earliest_deadline_ = TimePoint::max();
  bool full_ = false;  // a call was passed over for a limit
};

}  // namespace

bool SamePicture(const QueuedCall& a, const QueuedCall& b) {
  return !a.image_key.empty() && a.image_key == b.image_key;
}

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

BatchChoice ChooseBatch(std::span<const QueuedCall> queue, TimePoint now, const BatchCost& cost,
                        const BatchLimits& limits) {
  std::vector<std::size_t> order = ByUrgency(queue, now, limits.patience);
  if (order.empty()) return {};
  const auto in_time = std::find_if(order.begin(), order.end(), [&](std::size_t i) {
    return now + cost.Of(queue[i].picture_known ? 0 : 1, queue[i].expression_count) <= queue[i].deadline;
  });
  if (in_time != order.end()) std::rotate(order.begin(), in_time, in_time + 1);
  const QueuedCall& head = queue[order.front()];
  std::stable_partition(order.begin() + 1, order.end(), [&](std::size_t i) { return SamePicture(queue[i], head); });

  GrowingBatch batch(queue, now, cost, limits);
  std::size_t left_behind = order.size();
  for (const std::size_t i : order) {
    if (batch.Take(i, left_behind)) --left_behind;
  }
  if (!batch.full() && now < batch.may_wait_until()) return {.run = {}, .wake_at = batch.may_wait_until()};
  const TimePoint done_at = batch.done_at();
  return {.run = batch.TakeMembers(), .done_at = done_at};
}

}  // namespace lqvg::serving
