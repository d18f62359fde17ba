#include "server/decode_pool.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lqvg::serving {
namespace {

constexpr double kMemory = 0.9;  // the weight of the mean when another picture is decoded

}  // namespace

DecodePool::DecodePool(int threads, std::size_t max_queue, const Clock& clock) : max_queue_(max_queue), clock_(clock) {
  for (int i = 0; i < std::max(threads, 1); ++i) {
    threads_.emplace_back([this, name = absl::StrCat("lqvg-decode-", i)] {
      pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());  // Linux allows 15 characters
      Work();
    });
  }
}

DecodePool::~DecodePool() { Stop(); }

bool DecodePool::Submit(Lane lane, Task task) {
  {
    MutexLock lock(&mutex_);
    if (stopping_ || reading_.size() + decoding_.size() >= max_queue_) return false;
    (lane == Lane::kReading ? reading_ : decoding_).push_back(std::move(task));
  }
  changed_.NotifyOne();  // not under the lock: the thread that wakes would wait for it at once
  return true;
}

void DecodePool::Stop() {
  std::deque<Task> unread, undecoded;  // destroyed without the lock
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    unread.swap(reading_);
    undecoded.swap(decoding_);
    changed_.NotifyAll();
  }
  unread.clear();
  undecoded.clear();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

Duration DecodePool::ForecastDecoding() const {
  MutexLock lock(&mutex_);
  const std::size_t inside = decoding_.size() + static_cast<std::size_t>(now_decoding_);
  if (inside == 0 || !decoding_seconds_) return Duration(0);
  const double rounds = std::max(1.0, static_cast<double>(inside + 1) / static_cast<double>(threads_.size()));
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(rounds * *decoding_seconds_));
}

void DecodePool::Work() {
  while (true) {
    Task task;
    bool decodes = false;
    {
      MutexLock lock(&mutex_);
      while (!stopping_ && reading_.empty() && decoding_.empty()) changed_.Wait(&mutex_);
      if (stopping_) return;
      decodes = reading_.empty();
      std::deque<Task>& lane = decodes ? decoding_ : reading_;
      task = std::move(lane.front());
      lane.pop_front();
      now_decoding_ += decodes;
    }
    const TimePoint begun = clock_.Now();
    task();
    task = nullptr;
    if (!decodes) continue;
    const double took = std::chrono::duration<double>(clock_.Now() - begun).count();
    MutexLock lock(&mutex_);
    --now_decoding_;
    decoding_seconds_ = decoding_seconds_ ? kMemory * *decoding_seconds_ + (1 - kMemory) * took : took;
  }
}

}  // namespace lqvg::serving
