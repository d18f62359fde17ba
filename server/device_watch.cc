#include "server/device_watch.h"

#include <pthread.h>

#include <utility>

namespace lqvg::serving {

DeviceWatch::DeviceWatch(Duration timeout, const Clock& clock, std::function<void()> on_hang)
    : timeout_(timeout), clock_(clock), on_hang_(std::move(on_hang)), thread_([this] { Work(); }) {}

DeviceWatch::~DeviceWatch() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void DeviceWatch::Begin() {
  MutexLock lock(&mutex_);
  hangs_at_ = clock_.Now() + timeout_;
  // Mostly the thread wakes earlier anyhow, for a run that has ended long ago: a run costs no wake-up of its own.
  if (hangs_at_ < wake_at_) changed_.NotifyAll();
}

void DeviceWatch::End() {
  MutexLock lock(&mutex_);
  hangs_at_ = TimePoint::max();
}

void DeviceWatch::Work() {
  pthread_setname_np(pthread_self(), "lqvg-device");
  {
    MutexLock lock(&mutex_);
    while (!stopping_ && clock_.Now() < hangs_at_) {
      wake_at_ = hangs_at_;
      clock_.WaitUntil(&changed_, &mutex_, wake_at_);
    }
    if (stopping_) return;
  }
  on_hang_();
}

}  // namespace lqvg::serving
