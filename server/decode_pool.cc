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

bool DecodePool::Submit(Task task) {
  MutexLock lock(&mutex_);
  if (stopping_ || queue_.size() >= max_queue_) return false;
  queue_.push_back(std::move(task));
  changed_.NotifyOne();
  return true;
}

void DecodePool::Stop() {
  std::deque<Task> discarded;
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    discarded.swap(queue_);
    changed_.NotifyAll();
  }
  discarded.clear();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void DecodePool::Work() {
  while (true) {
    Task task;
    {
      MutexLock lock(&mutex_);
      while (!stopping_ && queue_.empty()) changed_.Wait(&mutex_);
      if (stopping_) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
  }
}

}  // namespace lqvg::serving
