// The way of a Ground call through the server, from the transport's bytes to the answer: admission, decode pool,
// batcher, with the deadline watch over all of it. Knows no transport: an RPC, a stream item and a test start alike.
//
// A small request is read and judged on the thread that brings it, for that costs less than waking another: what is
// refused, or answered from the caches, never meets the pool. Only the pool decodes.
//
// Owned by main. Start, BeginDrain and occupancy may be called by any thread at any time; only WaitIdle and Stop block.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "model/grounder.h"
#include "server/admission.h"
#include "server/batcher.h"
#include "server/call.h"
#include "server/clock.h"
#include "server/deadline_watch.h"
#include "server/decode_pool.h"
#include "server/fault_points.h"
#include "server/prepared_query.h"

namespace lqvg::serving {

// What the transport hands over.
struct CallRequest {
  // Runs at most once, inside Start or on a pool thread, possibly while or after `done` runs: owns everything that it
  // reads.
  Call::Parse parse;
  // Runs exactly once, on any thread, possibly inside Start. Must not throw, block, or stop the pipeline.
  Call::Done done;
  std::optional<TimePoint> deadline = {};  // unset: default_deadline after arrival
  std::size_t bytes = 0;                   // of the request as it came, for the memory budget
  std::string caller = {};                 // whom its place is counted for; empty: nobody
  bool is_part = false;                    // of a call that is in the pipeline until this has started
};

class Pipeline {
 public:
  struct Options {
    AdmissionLimits admission = {};
    Duration default_deadline = std::chrono::seconds(60);
    int decode_threads = 2;
    std::size_t read_at_once_bytes = 0;  // smaller requests are read and judged inside Start
    BatchLimits batch = {};
    BatchObserver batch_observer = {};                  // may be empty
    Duration device_timeout = std::chrono::minutes(5);  // for a batch: one that lasts longer hangs
    DeviceLossObserver device_loss_observer = {};       // may be empty; called once, before the calls are answered
    FaultPoints* faults = nullptr;                      // null: none; outlives the pipeline
    Caches* caches = nullptr;                           // likewise
  };

  // Starts the threads, but admits nothing: Start answers MODEL_LOADING until Open. `clock` outlives the pipeline and
  // every Call that it made.
  Pipeline(const Options& options, const Clock& clock);
  // Stop.
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // Begins to serve. Once only. `grounder` outlives the pipeline and from now on belongs to its worker.
  void Open(Grounder& grounder, PrepareFunction prepare);

  // Begins a call; never blocks, and reads a small request. Refused calls are finished when it returns: UNAVAILABLE
  // with MODEL_LOADING, SHUTTING_DOWN, QUEUE_FULL or MEMORY_BUDGET, a part with the last two alone. The transport keeps
  // the result to Cancel it when its client leaves.
  std::shared_ptr<Call> Start(CallRequest request);

  // Refuses new calls from now on; those inside go on.
  void BeginDrain();
  // Blocks until every admitted call is answered: true; or until `deadline`: false.
  bool WaitIdle(TimePoint deadline);
  // Ends whatever is left with UNAVAILABLE, SHUTTING_DOWN; returns when every `done` has returned and every thread has
  // ended, so not before the batch that runs now. Further calls do nothing. Not to be called from `done`.
  void Stop();

  Occupancy occupancy() const { return admission_.occupancy(); }
  // What batches cost, as far as those that ran tell; nothing before Open.
  BatchCost cost() const { return open_.load(std::memory_order_acquire) ? batcher_->cost() : BatchCost(); }
  // How large batches may be now; 0 before Open.
  MemoryLimits::Counts largest_batch() const {
    return open_.load(std::memory_order_acquire) ? batcher_->largest_batch() : MemoryLimits::Counts();
  }

 private:
  // Each takes a call as far as its thread may. The seams where exceptions of parsing and preparing end.
  void Read(const std::shared_ptr<Call>& call);
  void Decode(const std::shared_ptr<Call>& call);
  void ReadOrThrow(const std::shared_ptr<Call>& call);
  // Of what is admitted: to the pool, if there is a picture to be read, else to the batcher.
  void GoOn(const std::shared_ptr<Call>& call, Preparation preparation, Duration waited);
  void ToBatcher(const std::shared_ptr<Call>& call, PreparedQuery query);
  // Ends the call when the pool is full.
  void ToPool(DecodePool::Lane lane, Call& call, DecodePool::Task step);
  // Answers everything inside, and from now on whatever comes, with UNAVAILABLE, DEVICE_LOST. Also when the worker
  // hangs.
  void LoseDevice(DeviceLoss loss);

  const Options options_;
  const Clock& clock_;
  Admission admission_;
  DeadlineWatch watch_;
  std::atomic<bool> device_lost_ = false;
  PrepareFunction prepare_;           // set by Open, before the first call is admitted
  std::unique_ptr<Batcher> batcher_;  // likewise
  std::atomic<bool> open_ = false;    // the two above are set
  DecodePool pool_;                   // last: its tasks use everything above
};

}  // namespace lqvg::serving
