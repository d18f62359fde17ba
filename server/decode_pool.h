// The threads that read large requests and decode pictures, so that neither the transport nor the model waits for it.
//
// Owned by the pipeline. Submit may be called by any thread and never blocks.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "server/clock.h"
#include "server/mutex.h"

namespace lqvg::serving {

class DecodePool {
 public:
  using Task = absl::AnyInvocable<void()>;

  // What is read is judged, and perhaps refused, and takes far less time than decoding: so it goes first.
  enum class Lane { kReading, kDecoding };

  // Starts `threads` threads (at least one). At most `max_queue` tasks wait, of both lanes. `clock` outlives the pool.
  DecodePool(int threads, std::size_t max_queue, const Clock& clock);
  // Stop.
  ~DecodePool();
  DecodePool(const DecodePool&) = delete;
  DecodePool& operator=(const DecodePool&) = delete;

  // Queues a task, first come first served in its lane. It must not throw. False, and the task is destroyed, when the
  // queue is full or the pool stopped.
  bool Submit(Lane lane, Task task);

  // How long until a picture that is submitted now would be decoded: by how many are inside, and what one took of late.
  // 0 when none is: what pictures cost may have changed, and nothing else would show it.
  Duration ForecastDecoding() const;

  // Destroys the tasks that wait and returns when the running ones have ended. Not to be called from a task.
  void Stop();

 private:
  void Work();

  const std::size_t max_queue_;
  const Clock& clock_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<Task> reading_ ABSL_GUARDED_BY(mutex_);
  std::deque<Task> decoding_ ABSL_GUARDED_BY(mutex_);
  int now_decoding_ ABSL_GUARDED_BY(mutex_) = 0;  // tasks that run
  std::optional<double> decoding_seconds_
      ABSL_GUARDED_BY(mutex_) = {};  // of a task, a mean that forgets; none yet: empty
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace lqvg::serving
