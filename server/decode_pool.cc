#include "server/decode_pool.h"

#include <pthread.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lqvg::serving {

DecodePool::DecodePool(int threads, std::size_t max_queue) : max_queue_(max_queue) {
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

void DecodePool::Work() {
  while (true) {
    Task task;
    {
      MutexLock lock(&mutex_);
      while (!stopping_ && reading_.empty() && decoding_.empty()) changed_.Wait(&mutex_);
      if (stopping_) return;
      std::deque<Task>& lane = reading_.empty() ? decoding_ : reading_;
      task = std::move(lane.front());
      lane.pop_front();
    }
    task();
  }
}

}  // namespace lqvg::serving
