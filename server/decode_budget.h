// The memory that pictures may take while they are decoded, all threads of the pool together. A picture's share is
// reserved by what its header announces, before any of it exists.
//
// Owned by the process; outlives the pipeline and every call that waited here. Thread-safe; Reserve blocks.
#pragma once

#include <cstdint>
#include <deque>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "server/call.h"
#include "server/mutex.h"

namespace lqvg::serving {

class DecodeBudget;

// Bytes that one picture may take; given back when destroyed. Move-only; an empty share does nothing.
class DecodeShare {
 public:
  DecodeShare() = default;
  DecodeShare(DecodeShare&& other) noexcept;
  DecodeShare& operator=(DecodeShare&& other) noexcept;
  ~DecodeShare();

 private:
  friend class DecodeBudget;
  DecodeShare(DecodeBudget* budget, std::uint64_t bytes) : budget_(budget), bytes_(bytes) {}

  DecodeBudget* budget_ = nullptr;  // null: empty
  std::uint64_t bytes_ = 0;
};

class DecodeBudget {
 public:
  explicit DecodeBudget(std::uint64_t bytes) : limit_(bytes) {}
  DecodeBudget(const DecodeBudget&) = delete;
  DecodeBudget& operator=(const DecodeBudget&) = delete;

  // Waits until `bytes` are free and everybody who came before was served or left: small pictures do not overtake a
  // large one, which would else wait for ever. Whoever waits may hold no other share. CANCELLED as soon as `call` has
  // ended, so its deadline, its client's leaving and the server's stop bound the wait. INVALID_ARGUMENT,
  // IMAGE_TOO_LARGE at once when `bytes` exceed the whole budget; the process checks its configuration so that no
  // picture does.
  absl::StatusOr<DecodeShare> Reserve(std::uint64_t bytes, Call& call);

  std::uint64_t reserved() const;
  std::size_t waiting() const;

 private:
  friend class DecodeShare;

  void GiveBack(std::uint64_t bytes);
  void WakeAll();

  const std::uint64_t limit_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::uint64_t reserved_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t next_turn_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<std::uint64_t> turns_ ABSL_GUARDED_BY(mutex_);  // of those who wait, first come first
};

}  // namespace lqvg::serving
