// The door of the server: how many calls and bytes may be inside at once, and whether it is open at all.
//
// A call holds its request's bytes first and its picture's canvas later, when the bytes are gone. It is counted once,
// by the larger of the two, so that it never needs more room than it was given. No caller may fill the house alone.
//
// Owned by the pipeline. Thread-safe; only WaitIdle blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "server/clock.h"
#include "server/mutex.h"

namespace lqvg::serving {

struct AdmissionLimits {
  int max_calls = 256;
  std::size_t max_bytes = 512u << 20;  // that the calls inside hold: each its request, or its canvas if that is larger
  int caller_percent = 100;            // of max_calls and of max_bytes, that one caller may hold; at least one call
};

// What is inside now.
struct Occupancy {
  int in_flight = 0;           // admitted and not finished
  int pending = 0;             // of these, not yet with the model
  std::size_t bytes = 0;       // that the calls in flight are counted with
  std::uint64_t received = 0;  // calls that ever asked to come in, admitted or not; parts of one are not counted
  std::uint64_t admitted = 0;  // of these, those that came in
};

class Admission;

// One admitted call's place. Move-only; an empty slot does nothing. Not thread-safe: its Call guards it.
class AdmissionSlot {
 public:
  AdmissionSlot() = default;
  AdmissionSlot(AdmissionSlot&& other) noexcept;
  AdmissionSlot& operator=(AdmissionSlot&& other) noexcept;
  // Gives the place back, and says that the call was answered: WaitIdle waits for this.
  ~AdmissionSlot();

  // The model has begun with the call: it is no longer pending.
  void MarkExecuting();
  // Makes room for another call. The slot still counts as unanswered until it is destroyed.
  void GiveBack();

 private:
  friend class Admission;
  AdmissionSlot(Admission* admission, std::size_t bytes, std::string caller)
      : admission_(admission), bytes_(bytes), caller_(std::move(caller)), pending_(true) {}

  Admission* admission_ = nullptr;  // null: empty
  std::size_t bytes_ = 0;
  std::string caller_;
  bool pending_ = false;
  bool given_back_ = false;
};

class Admission {
 public:
  explicit Admission(const AdmissionLimits& limits) : limits_(limits) {}
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // A place for a request of `bytes` of `caller`; empty: of nobody whose share is counted. Refusals are UNAVAILABLE:
  // MODEL_LOADING before Open, SHUTTING_DOWN after Close, QUEUE_FULL, MEMORY_BUDGET; and RESOURCE_EXHAUSTED,
  // QUOTA_EXCEEDED when there is room, but not for this caller. A call that alone exceeds max_bytes is never admitted.
  absl::StatusOr<AdmissionSlot> Admit(std::size_t bytes, std::string caller = {});
  // A place for a further part of a call that has one. What was admitted is finished: not refused after Close, as long
  // as the call's own place is not given back. QUEUE_FULL, MEMORY_BUDGET, QUOTA_EXCEEDED.
  absl::StatusOr<AdmissionSlot> AdmitPart(std::size_t bytes, std::string caller = {});

  // Loading -> open. Does nothing after Close. From now on each call counts as `least_bytes` or more: its canvas's.
  void Open(std::size_t least_bytes = 0);
  // From any state to closed, for good.
  void Close();

  // Blocks until every admitted call is answered (its `done` has returned): true; or until `deadline`: false.
  bool WaitIdle(const Clock& clock, TimePoint deadline);

  Occupancy occupancy() const;

 private:
  friend class AdmissionSlot;
  enum class State { kLoading, kOpen, kClosed };

  struct Holding {
    int calls = 0;
    std::size_t bytes = 0;
  };

  absl::StatusOr<AdmissionSlot> Take(std::size_t bytes, std::string caller) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckShare(const Holding& held, std::size_t bytes) const;
  void Began();
  void GaveBack(std::size_t bytes, bool pending, const std::string& caller);
  void Answered();

  const AdmissionLimits limits_;
  mutable Mutex mutex_;
  CondVar idle_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kLoading;
  std::size_t least_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  Occupancy inside_ ABSL_GUARDED_BY(mutex_);
  int unanswered_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unordered_map<std::string, Holding> callers_ ABSL_GUARDED_BY(mutex_);  // those with a call inside
};

}  // namespace lqvg::serving
