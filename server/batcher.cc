#include "server/batcher.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "image/rejection.h"
#include "server/forecast.h"

namespace lqvg::serving {
namespace {

absl::Status ShuttingDown() {
  return Reject(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "the server is shutting down");
}

bool IsDeviceMemory(const absl::Status& status) { return ReasonOf(status) == "DEVICE_MEMORY"; }
bool IsDeviceLost(const absl::Status& status) { return ReasonOf(status) == "DEVICE_LOST"; }

// What callers are told of a batch that failed. The model's own text, which may quote files and tensors, is for the
// log.
absl::Status ForCallers(const absl::Status& status) {
  if (IsDeviceMemory(status)) {
    return Reject(status.code(), ReasonOf(status), "the request does not fit into the device's memory");
  }
  if (IsDeviceLost(status)) return Reject(status.code(), ReasonOf(status), "the device of this server is lost");
  return Reject(absl::StatusCode::kInternal, "INTERNAL_ERROR", "the model failed");
}

// For how many times its cost the device must have been idle to try a call that seems too late.
constexpr int kIdleBeforeTrying = 10;

QueuedCall View(const Call& call, std::string_view image_key, int expression_count, bool picture_known) {
  return {.arrival = call.arrival(),
          .deadline = call.deadline(),
          .image_key = image_key,
          .expression_count = expression_count,
          .finished = call.finished(),
          .picture_known = picture_known};
}

QueuedCall View(const BatchItem& item) {
  return View(*item.call, item.query.image_key, CountUnknown(item.query), item.query.features != nullptr);
}

QueuedCall View(const Call& call, const Demand& demand) {
  return View(call, demand.image_key, demand.expression_count, demand.picture_known);
}

std::vector<QueuedCall> Views(std::span<const BatchItem> queue) {
  std::vector<QueuedCall> views;
  views.reserve(queue.size());
  for (const BatchItem& item : queue) views.push_back(View(item));
  return views;
}

// Does nothing to those that are finished.
void ExpireAll(std::span<const BatchItem> items) {
  for (const BatchItem& item : items) item.call->Expire();
}

}  // namespace

Batcher::Batcher(Options options, Grounder& grounder, const Clock& clock)
    : options_(std::move(options)),
      grounder_(grounder),
      clock_(clock),
      device_watch_(options_.device_timeout, clock, [this] { LoseDevice(DeviceLoss::kHang); }),
      memory_limits_({.images = options_.limits.max_images, .expressions = options_.limits.max_expressions}),
      device_free_at_(clock.Now()),
      worker_([this] { Work(); }) {}

Batcher::~Batcher() { Stop(); }

absl::Status Batcher::Announce(std::shared_ptr<Call> call, Demand demand) {
  const BatchCost cost = cost_model_.cost();
  MutexLock lock(&mutex_);
  const TimePoint now = clock_.Now();
  std::erase_if(announced_, [](const Announcement& other) { return other.call->finished(); });
  QueuedCall newcomer = View(*call, demand);
  newcomer.ready_at = now + demand.decoding;
  const Duration own = cost.Of(newcomer.picture_known ? 0 : 1, newcomer.expression_count);
  const bool long_idle =
      !running_ && queue_.empty() && announced_.empty() && now - device_free_at_ >= kIdleBeforeTrying * own;
  if (!long_idle) {
    const TimePoint device_free = running_ ? std::max(now, device_free_at_) : now;
    absl::Status status = CheckReachable(Waiting(), newcomer, now, device_free, cost, Limits());
    if (!status.ok()) return status;
  }
  announced_.push_back({.call = std::move(call), .demand = std::move(demand)});
  return absl::OkStatus();
}

MemoryLimits::Counts Batcher::largest_batch() const {
  MutexLock lock(&mutex_);
  return memory_limits_.value();
}

BatchLimits Batcher::Limits() const {
  BatchLimits limits = options_.limits;
  const MemoryLimits::Counts fits = memory_limits_.value();
  limits.max_images = fits.images;
  limits.max_expressions = fits.expressions;
  return limits;
}

std::vector<QueuedCall> Batcher::Waiting() const {
  std::vector<QueuedCall> waiting = Views(queue_);
  for (const Announcement& announcement : announced_) waiting.push_back(View(*announcement.call, announcement.demand));
  return waiting;
}

void Batcher::Submit(std::shared_ptr<Call> call, PreparedQuery query) {
  std::vector<BatchItem> ended;
  absl::Status refusal;
  {
    MutexLock lock(&mutex_);
    const TimePoint now = clock_.Now();
    std::erase_if(announced_, [&](const Announcement& announcement) { return announcement.call == call; });
    // Calls that ended while they waited hold their pictures until the worker's next turn: make room for living ones.
    if (queue_.size() >= options_.max_queue) ended = TakeEnded(now);
    if (stopping_) {
      refusal = ShuttingDown();
    } else if (queue_.size() >= options_.max_queue) {
      refusal = Reject(absl::StatusCode::kUnavailable, "QUEUE_FULL",
                       absl::StrCat("the model's queue holds ", queue_.size(), " calls, its limit"));
    } else {
      queue_.push_back({.call = call, .query = std::move(query), .queued_at = now});
    }
  }
  changed_.NotifyOne();  // not under the lock: the worker would wake and wait for it at once
  ExpireAll(ended);
  if (!refusal.ok()) call->Finish(std::move(refusal));
}

void Batcher::Stop() {
  std::vector<BatchItem> left;
  std::vector<Announcement> announced;  // let go outside the lock: it may hold the last reference
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    left.swap(queue_);
    announced.swap(announced_);
    changed_.NotifyAll();
  }
  for (const BatchItem& item : left) item.call->Finish(ShuttingDown());
  if (worker_.joinable()) worker_.join();
}

std::vector<BatchItem> Batcher::TakeEnded(TimePoint now) {
  const auto first = std::stable_partition(queue_.begin(), queue_.end(), [&](const BatchItem& item) {
    return !item.call->finished() && item.call->deadline() > now;
  });
  std::vector<BatchItem> ended(std::make_move_iterator(first), std::make_move_iterator(queue_.end()));
  queue_.erase(first, queue_.end());
  return ended;
}

std::vector<BatchItem> Batcher::TakeBatch(std::span<const std::size_t> indices) {
  std::vector<BatchItem> batch;
  for (const std::size_t index : indices) batch.push_back(std::move(queue_[index]));
  std::erase_if(queue_, [](const BatchItem& item) { return item.call == nullptr; });
  return batch;
}

std::optional<Batcher::Turn> Batcher::NextTurn() {
  const BatchCost cost = cost_model_.cost();  // only this thread changes it
  MutexLock lock(&mutex_);
  if (running_) device_free_at_ = clock_.Now();
  running_ = false;
  while (!stopping_) {
    const TimePoint now = clock_.Now();
    Turn turn{.ended = TakeEnded(now), .batch = {}, .began = now};
    const BatchChoice choice = ChooseBatch(Views(queue_), now, cost, Limits());
    turn.batch = TakeBatch(choice.run);
    if (!turn.batch.empty()) {
      running_ = true;
      device_free_at_ = choice.done_at;
    }
    if (!turn.ended.empty() || !turn.batch.empty()) return turn;
    clock_.WaitUntil(&changed_, &mutex_, choice.wake_at);
  }
  return std::nullopt;
}

void Batcher::Work() {
  pthread_setname_np(pthread_self(), "lqvg-batcher");
  while (std::optional<Turn> turn = NextTurn()) {
    ExpireAll(turn->ended);
    turn->ended.clear();
    if (turn->batch.empty()) continue;
    device_watch_.Begin();
    absl::Status fault;
    if (options_.faults != nullptr) fault = options_.faults->DelayOrFail(FaultPoint::kBatched);
    Run(std::move(turn->batch), turn->began, std::move(fault));
    device_watch_.End();
  }
}

void Batcher::Run(std::vector<BatchItem> batch, TimePoint began, absl::Status fault) {
  std::erase_if(batch, [&](const BatchItem& item) {
    if (item.call->deadline() <= began) item.call->Expire();
    item.call->Record(&StageTimes::batch_queue, began - item.queued_at);
    return !item.call->BeginExecuting();
  });
  if (batch.empty()) return;

  BatchResult result = RunModel(batch, began, std::move(fault));
  const absl::Status& status = result.report.status;
  const Duration model = clock_.Now() - began;
  if (status.ok() && result.report.expressions > 0) Learn(result.report, model);
  if (options_.observer) options_.observer(result.report);
  if (IsDeviceLost(status)) LoseDevice(DeviceLoss::kError);
  if (const std::size_t size = RetrySize(result.report, batch.size()); size > 0) {
    for (std::size_t at = 0; at < batch.size(); at += size) {
      const auto first = batch.begin() + static_cast<std::ptrdiff_t>(at);
      const auto last = batch.begin() + static_cast<std::ptrdiff_t>(std::min(at + size, batch.size()));
      Run({std::make_move_iterator(first), std::make_move_iterator(last)}, clock_.Now(), absl::OkStatus());
    }
    return;
  }
  const TimePoint model_ended = began + model;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i].call->Record(&StageTimes::model, model);
    if (status.ok()) {
      batch[i].call->Finish(std::move(result.answers[i]));
    } else {
      batch[i].call->Finish(ForCallers(status));
    }
  }
  finishing_ = clock_.Now() - model_ended;
}

void Batcher::Learn(const BatchReport& report, Duration model) {
  cost_model_.Learn(report.images, report.expressions, model + finishing_);
  MutexLock lock(&mutex_);
  memory_limits_.Ran({.images = report.images, .expressions = report.expressions}, clock_.Now());
}

std::size_t Batcher::RetrySize(const BatchReport& report, std::size_t calls) {
  if (report.status.ok() || IsDeviceLost(report.status) || absl::IsCancelled(report.status)) return 0;
  const std::size_t half = (calls + 1) / 2;
  if (IsDeviceMemory(report.status)) {
    MutexLock lock(&mutex_);
    const MemoryLimits::Counts batch = {.images = report.images, .expressions = report.expressions};
    if (memory_limits_.DidNotFit(batch, clock_.Now())) return half;  // of one call: the same in smaller steps
  }
  return calls > 1 ? half : 0;
}

BatchResult Batcher::RunModel(std::span<const BatchItem> batch, TimePoint began, absl::Status fault) {
  device_watch_.Begin();  // each part of a batch that is retried has the whole of its time
  if (fault.ok() && options_.faults != nullptr) fault = options_.faults->DelayOrFail(FaultPoint::kExecuting);
  BatchLimits limits;
  {
    MutexLock lock(&mutex_);
    limits = Limits();
  }
  if (fault.ok()) return RunBatch(grounder_, batch, limits, began, clock_, options_.caches);
  BatchResult result;
  result.report.calls = static_cast<int>(batch.size());
  result.report.status = std::move(fault);
  return result;
}

void Batcher::LoseDevice(DeviceLoss loss) {
  if (options_.device_loss_observer) options_.device_loss_observer(loss);
}

}  // namespace lqvg::serving
