#include "server/forecast.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "image/rejection.h"

namespace lqvg::serving {
namespace {

// One run of everything on paper.
class PaperRun {
 public:
  PaperRun(std::span<const QueuedCall> calls, TimePoint now, TimePoint device_free, const BatchCost& cost,
           const BatchLimits& limits)
      : calls_(calls),
        cost_(cost),
        limits_(limits),
        begins_(device_free),
        grows_(device_free > now),
        order_(ByUrgency(calls, device_free, limits.patience)),
        done_(calls.size(), TimePoint::max()) {
    for (const std::size_t i : order_) Add(i);
    Run();
  }

  // When each call is done; max() for those that will not run.
  const std::vector<TimePoint>& done() const { return done_; }

 private:
  void Add(std::size_t i) {
    const QueuedCall& call = calls_[i];
    const TimePoint done_together = begins_ + cost_.Of(images_ + NewImages(call), expressions_ + call.expression_count);
    const bool fits = images_ + NewImages(call) <= limits_.max_images &&
                      expressions_ + call.expression_count <= limits_.max_expressions;
    if (!batch_.empty() && (!fits || done_together > earliest_deadline_)) Run();
    if (begins_ + cost_.Of(call.picture_known ? 0 : 1, call.expression_count) > call.deadline) return;
    images_ += NewImages(call);
    expressions_ += call.expression_count;
    earliest_deadline_ = std::min(earliest_deadline_, call.deadline);
    batch_.push_back(i);
  }

  void Run() {
    const Duration takes = cost_.Of(images_, expressions_);
    for (const std::size_t i : batch_) {
      done_[i] = begins_ + (grows_ ? std::max(takes, WithCompany(calls_[i])) : takes);
    }
    begins_ += takes;
    grows_ = true;
    batch_.clear();
    images_ = expressions_ = 0;
    earliest_deadline_ = TimePoint::max();
  }

  int NewImages(const QueuedCall& call) const {
    const bool shares =
        std::any_of(batch_.begin(), batch_.end(), [&](std::size_t other) { return SamePicture(call, calls_[other]); });
    return call.picture_known || shares ? 0 : 1;
  }

  // What the call's batch takes when it has grown by calls like this one, by as many as wait now if so many pay.
  // Without this reserve each call would be promised the time of a batch that others join later: batches would have to
  // close early, and less would be done.
  Duration WithCompany(const QueuedCall& call) const {
    const int image = call.picture_known ? 0 : 1;
    const auto waiting = static_cast<int>(order_.size());
    const Duration saved = cost_.Of(0, 0);
    const Duration added = cost_.Of(image, call.expression_count) - saved;
    int calls = 1;
    while (calls < waiting && (calls + 1) * image <= limits_.max_images &&
           (calls + 1) * call.expression_count <= limits_.max_expressions &&
           added * calls <= saved * (waiting - calls)) {
      ++calls;
    }
    return cost_.Of(calls * image, calls * call.expression_count);
  }

  const std::span<const QueuedCall> calls_;
  const BatchCost& cost_;
  const BatchLimits& limits_;
  TimePoint begins_;  // the next batch
  bool grows_;        // others may join that before it begins
  const std::vector<std::size_t> order_;
  std::vector<TimePoint> done_;
  std::vector<std::size_t> batch_;
  int images_ = 0;
  int expressions_ = 0;
  TimePoint earliest_deadline_ = TimePoint::max();
};

// The least that a forecast is taken to be wrong by, as a part of it: the steadiest device has a busy machine around
// it.
constexpr double kLeastSpread = 0.02;
// A client that is answered just before its deadline may read the answer after it.
constexpr Duration kReplyAllowance = std::chrono::milliseconds(2);

std::int64_t Milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

Duration Alone(const QueuedCall& call, const BatchCost& cost) {
  return cost.Of(call.picture_known ? 0 : 1, call.expression_count);
}

// Whether everybody has twice the time that all of them would take one by one: then nobody is late in whatever order
// and company they run. What most calls are admitted by, since the forecast costs more than a quick model does.
bool HaveTimeToSpare(std::span<const QueuedCall> waiting, const QueuedCall& newcomer, TimePoint now,
                     TimePoint device_free, const BatchCost& cost) {
  TimePoint earliest_deadline = newcomer.deadline;
  Duration needed = std::max(device_free, newcomer.ready_at) - now + Alone(newcomer, cost);
  for (const QueuedCall& call : waiting) {
    if (call.finished || call.deadline <= now) continue;
    needed += Alone(call, cost);
    earliest_deadline = std::min(earliest_deadline, call.deadline);
  }
  return now + 2 * needed + kReplyAllowance <= earliest_deadline;
}

}  // namespace

Forecast ForecastCall(std::span<const QueuedCall> waiting, const QueuedCall& newcomer, TimePoint now,
                      TimePoint device_free, const BatchCost& cost, const BatchLimits& limits) {
  std::vector<QueuedCall> calls(waiting.begin(), waiting.end());
  calls.push_back(newcomer);
  const PaperRun with(calls, now, device_free, cost, limits);
  Forecast forecast{.done = std::max(with.done().back(), newcomer.ready_at + Alone(newcomer, cost))};
  if (forecast.done > newcomer.deadline) return forecast;
  const PaperRun without(waiting, now, device_free, cost, limits);
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    const TimePoint deadline = waiting[i].deadline;
    if (without.done()[i] <= deadline && with.done()[i] > deadline) forecast.makes_late = true;
  }
  return forecast;
}

absl::Status CheckReachable(std::span<const QueuedCall> waiting, const QueuedCall& newcomer, TimePoint now,
                            TimePoint device_free, const BatchCost& cost, const BatchLimits& limits) {
  if (HaveTimeToSpare(waiting, newcomer, now, device_free, cost)) return absl::OkStatus();
  const Forecast forecast = ForecastCall(waiting, newcomer, now, device_free, cost, limits);
  std::string why;
  if (forecast.done == TimePoint::max()) {
    why = "the calls ahead leave no time for this one";
  } else {
    const auto error =
        std::chrono::duration_cast<Duration>((forecast.done - now) * std::max(cost.spread, kLeastSpread));
    const Duration reply = std::min(kReplyAllowance, (newcomer.deadline - newcomer.arrival) / 50);
    if (forecast.done + error + reply > newcomer.deadline) {
      why = absl::StrCat("this call would be done in about ", Milliseconds(forecast.done - now), " ms");
    } else if (forecast.makes_late) {
      why = "this call would make one late that was here before";
    } else {
      return absl::OkStatus();
    }
  }
  return Reject(absl::StatusCode::kUnavailable, "DEADLINE_UNREACHABLE",
                absl::StrCat(why, "; its deadline is in ", Milliseconds(newcomer.deadline - now), " ms"));
}

}  // namespace lqvg::serving
