#include "server/batcher.h"

#include <pthread.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "image/rejection.h"

namespace lqvg::serving {
namespace {

absl::Status ShuttingDown() {
  return Reject(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "the server is shutting down");
}

// What callers are told of a batch that failed: codes that are meant for them as they are, the rest is our fault, and
// its text, which may quote files and tensors, is for the log.
absl::Status ForCallers(const absl::Status& status) {
  if (!ReasonOf(status).empty() && (absl::IsResourceExhausted(status) || absl::IsUnavailable(status))) return status;
  return Reject(absl::StatusCode::kInternal, "INTERNAL_ERROR", "the model failed");
}

std::vector<QueuedCall> Views(std::span<const BatchItem> queue) {
  std::vector<QueuedCall> views;
  views.reserve(queue.size());
  for (const BatchItem& item : queue) {
    views.push_back({.arrival = item.call->arrival(),
                     .deadline = item.call->deadline(),
                     .image_key = item.query.image_key,
                     .expression_count = static_cast<int>(item.query.expressions.size()),
                     .finished = item.call->finished()});
  }
  return views;
}

// Does nothing to those that are finished.
void ExpireAll(std::span<const BatchItem> items) {
  for (const BatchItem& item : items) item.call->Expire();
}

}  // namespace

Batcher::Batcher(Options options, Grounder& grounder, const Clock& clock)
    : options_(std::move(options)), grounder_(grounder), clock_(clock), worker_([this] { Work(); }) {}

Batcher::~Batcher() { Stop(); }

void Batcher::Submit(std::shared_ptr<Call> call, PreparedQuery query) {
  std::vector<BatchItem> ended;
  absl::Status refusal;
  {
    MutexLock lock(&mutex_);
    const TimePoint now = clock_.Now();
    // Calls that ended while they waited hold their pictures until the worker's next turn: make room for living ones.
    if (queue_.size() >= options_.max_queue) ended = TakeEnded(now);
    if (stopping_) {
      refusal = ShuttingDown();
    } else if (queue_.size() >= options_.max_queue) {
      refusal = Reject(absl::StatusCode::kUnavailable, "QUEUE_FULL",
                       absl::StrCat("the model's queue holds ", queue_.size(), " calls, its limit"));
    } else {
      queue_.push_back({.call = call, .query = std::move(query), .queued_at = now});
      changed_.NotifyOne();
    }
  }
  ExpireAll(ended);
  if (!refusal.ok()) call->Finish(std::move(refusal));
}

void Batcher::Stop() {
  std::vector<BatchItem> left;
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    left.swap(queue_);
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
  MutexLock lock(&mutex_);
  while (!stopping_) {
    const TimePoint now = clock_.Now();
    Turn turn{.ended = TakeEnded(now), .batch = {}, .began = now};
    const BatchChoice choice = ChooseBatch(Views(queue_), now, options_.limits);
    turn.batch = TakeBatch(choice.run);
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
    Run(std::move(turn->batch), turn->began);
  }
}

void Batcher::Run(std::vector<BatchItem> batch, TimePoint began) {
  std::erase_if(batch, [&](const BatchItem& item) {
    if (item.call->deadline() <= began) item.call->Expire();
    if (!item.call->BeginExecuting()) return true;
    item.call->Record(&StageTimes::batch_queue, began - item.queued_at);
    return false;
  });
  if (batch.empty()) return;

  BatchResult result = RunBatch(grounder_, batch, options_.limits, began, clock_);
  if (options_.observer) options_.observer(result.report);
  const Duration model = clock_.Now() - began;
  if (!result.report.status.ok() && batch.size() > 1) {
    for (BatchItem& item : batch) {
      std::vector<BatchItem> alone;
      alone.push_back(std::move(item));
      Run(std::move(alone), clock_.Now());
    }
    return;
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i].call->Record(&StageTimes::model, model);
    if (result.report.status.ok()) {
      batch[i].call->Finish(std::move(result.answers[i]));
    } else {
      batch[i].call->Finish(ForCallers(result.report.status));
    }
  }
}

}  // namespace lqvg::serving
