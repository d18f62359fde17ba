// The queue in front of the model and the one thread that feeds it.
//
// Owned by the pipeline. Announce and Submit may be called by any thread and never block. The worker drops what is
// finished or expired, lets ChooseBatch pick, runs the batch and finishes its calls. When a batch of several calls
// fails, each half runs once more, and so on, so that one call's fault stays its own. A batch that did not fit into the
// device's memory is halved likewise, down to single expressions, and later batches are no larger until memory_limits
// tries it again. When the device itself is lost, nothing is run again.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "model/grounder.h"
#include "server/call.h"
#include "server/choose_batch.h"
#include "server/clock.h"
#include "server/cost_model.h"
#include "server/device_watch.h"
#include "server/fault_points.h"
#include "server/memory_limits.h"
#include "server/mutex.h"
#include "server/prepared_query.h"
#include "server/run_batch.h"

namespace lqvg::serving {

// Told of every batch, also of failed ones, on the worker's thread. Must not block or throw.
using BatchObserver = std::function<void(const BatchReport&)>;

// How a device is lost. For good: nothing but another process can use it again.
enum class DeviceLoss {
  kError,  // a sticky error: every later call would fail, too
  kHang,   // a batch does not come back
};

// Told of it on the worker's or on the watchdog's thread, before the batch's calls are answered. Must not block or
// throw.
using DeviceLossObserver = std::function<void(DeviceLoss)>;

class Batcher {
 public:
  struct Options {
    BatchLimits limits;
    std::size_t max_queue = 256;                        // calls
    BatchObserver observer;                             // may be empty
    Duration device_timeout = std::chrono::minutes(5);  // for a batch: one that lasts longer hangs
    DeviceLossObserver device_loss_observer = {};       // may be empty; may be called more than once
    FaultPoints* faults = nullptr;                      // null: none; outlives the batcher
    Caches* caches = nullptr;                           // likewise
  };

  // Starts the worker. `grounder` and `clock` outlive the batcher; nobody else may use the grounder meanwhile.
  Batcher(Options options, Grounder& grounder, const Clock& clock);
  // Stop.
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  // Promises a call its place before its picture is decoded: from now on later calls are judged with it in mind, until
  // it is submitted or ends. UNAVAILABLE, DEADLINE_UNREACHABLE when by the measured cost it would miss its deadline, or
  // make one miss it that has its place already. After having been idle for a good while, the device takes any call
  // that comes alone: what a batch costs may have changed.
  absl::Status Announce(std::shared_ptr<Call> call, Demand demand);

  // What batches cost, as far as those that ran tell.
  BatchCost cost() const { return cost_model_.cost(); }

  // How large batches may be now: as the options say, or less.
  MemoryLimits::Counts largest_batch() const;

  // Queues a call. Finishes it at once when it cannot: UNAVAILABLE, QUEUE_FULL or SHUTTING_DOWN.
  void Submit(std::shared_ptr<Call> call, PreparedQuery query);

  // Finishes what is queued with UNAVAILABLE, SHUTTING_DOWN, and returns when the running batch has ended.
  void Stop();

 private:
  struct Announcement {
    std::shared_ptr<Call> call;
    Demand demand;
  };

  // What the worker does next, outside the lock.
  struct Turn {
    std::vector<BatchItem> ended;  // to be let go, and expired if nobody has done it yet
    std::vector<BatchItem> batch;
    TimePoint began;
  };

  // Blocks until there is something to do; nothing when stopped.
  std::optional<Turn> NextTurn();
  std::vector<BatchItem> TakeEnded(TimePoint now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<BatchItem> TakeBatch(std::span<const std::size_t> indices) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<QueuedCall> Waiting() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Those of the options, less what does not fit into the memory.
  BatchLimits Limits() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Work();
  // Runs a batch to its end, in parts if it must be. It fails with `fault`, if there is one, instead of running.
  void Run(std::vector<BatchItem> batch, TimePoint began, absl::Status fault);
  BatchResult RunModel(std::span<const BatchItem> batch, TimePoint began, absl::Status fault);
  // From a batch that has run.
  void Learn(const BatchReport& report, Duration model);
  // In parts of how many calls a batch that ended as `report` says is to be run once more; 0: not at all.
  std::size_t RetrySize(const BatchReport& report, std::size_t calls);
  void LoseDevice(DeviceLoss loss);

  const Options options_;
  Grounder& grounder_;
  const Clock& clock_;
  DeviceWatch device_watch_;
  CostModel cost_model_;
  Duration finishing_{0};  // that answering the last batch's calls took: the device waits for it. The worker's own

  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<BatchItem> queue_ ABSL_GUARDED_BY(mutex_);  // in order of arrival
  std::vector<Announcement> announced_ ABSL_GUARDED_BY(mutex_);
  MemoryLimits memory_limits_ ABSL_GUARDED_BY(mutex_);
  TimePoint device_free_at_ ABSL_GUARDED_BY(mutex_);  // when the batch that runs, or ran last, is done
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread worker_;
};

}  // namespace lqvg::serving
