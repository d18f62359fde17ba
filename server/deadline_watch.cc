#include "server/deadline_watch.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace lqvg::serving {
namespace {

// Below this many entries forgetting the dead is not worth a sweep.
constexpr std::size_t kMinSweep = 64;

}  // namespace

DeadlineWatch::DeadlineWatch(const Clock& clock) : clock_(clock), sweep_at_(kMinSweep), worker_([this] { Work(); }) {}

DeadlineWatch::~DeadlineWatch() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  worker_.join();
}

void DeadlineWatch::Watch(const std::shared_ptr<Call>& call) {
  absl::Status verdict;
  bool is_earliest = false;
  {
    MutexLock lock(&mutex_);
    if (verdict_) {
      verdict = *verdict_;
    } else {
      if (entries_.size() >= sweep_at_) {
        std::erase_if(entries_, [](const Entry& entry) { return entry.call.expired(); });
        sweep_at_ = std::max(kMinSweep, 2 * entries_.size());
      }
      entries_.push_back({call->deadline(), call});
      is_earliest = call->deadline() < wake_at_;
      if (is_earliest) wake_at_ = call->deadline();
    }
  }
  if (is_earliest) changed_.NotifyOne();
  if (!verdict.ok()) call->Finish(std::move(verdict));
}

void DeadlineWatch::FinishAll(const absl::Status& status) {
  std::vector<Entry> entries;
  {
    MutexLock lock(&mutex_);
    if (!verdict_) verdict_ = status;
    entries.swap(entries_);
  }
  for (const Entry& entry : entries) {
    if (const std::shared_ptr<Call> call = entry.call.lock()) call->Finish(status);
  }
}

std::size_t DeadlineWatch::size() const {
  MutexLock lock(&mutex_);
  return entries_.size();
}

std::vector<std::shared_ptr<Call>> DeadlineWatch::TakeExpired(TimePoint now) {
  std::vector<std::shared_ptr<Call>> expired;
  TimePoint earliest = TimePoint::max();
  std::erase_if(entries_, [&](const Entry& entry) {
    if (entry.deadline <= now) {
      if (std::shared_ptr<Call> call = entry.call.lock()) expired.push_back(std::move(call));
      return true;
    }
    if (entry.call.expired()) return true;
    earliest = std::min(earliest, entry.deadline);
    return false;
  });
  wake_at_ = earliest;
  return expired;
}

void DeadlineWatch::Work() {
  pthread_setname_np(pthread_self(), "lqvg-deadline");
  while (true) {
    // Expired and released without the lock: a call's `done` may start another call.
    std::vector<std::shared_ptr<Call>> expired;
    {
      MutexLock lock(&mutex_);
      while (!stopping_ && clock_.Now() < wake_at_) clock_.WaitUntil(&changed_, &mutex_, wake_at_);
      if (stopping_) return;
      expired = TakeExpired(clock_.Now());
    }
    for (const std::shared_ptr<Call>& call : expired) call->Expire();
  }
}

}  // namespace lqvg::serving
