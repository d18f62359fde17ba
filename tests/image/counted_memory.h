// Counts what this process allocates, C libraries included, and can refuse it. Linked into a test, its source replaces
// malloc and its kin for the whole process; not together with a sanitizer, which does the same.
//
// Thread-safe, but for the limit: set it while nobody else allocates.
#pragma once

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace lqvg {

class CountedMemory {
 public:
  // Forgets the past: the peak is what is held now.
  static void Reset() { peak_ = held_.load(); }
  static std::size_t held() { return held_; }
  static std::size_t peak() { return peak_; }
  // From now on an allocation that would make held() exceed `bytes` fails.
  static void SetLimit(std::size_t bytes) { limit_ = bytes; }

  static bool Allows(std::size_t bytes) { return held_ + bytes <= limit_; }
  static void* Take(void* block) {
    if (block == nullptr) return nullptr;
    const std::size_t held = held_ += malloc_usable_size(block);
    std::size_t peak = peak_;
    while (held > peak && !peak_.compare_exchange_weak(peak, held)) {
    }
    return block;
  }
  static void GiveBack(std::size_t usable_bytes) { held_ -= usable_bytes; }

 private:
  static inline std::atomic<std::size_t> held_ = 0;
  static inline std::atomic<std::size_t> peak_ = 0;
  static inline std::atomic<std::size_t> limit_ = SIZE_MAX;
};

}  // namespace lqvg
