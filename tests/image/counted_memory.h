// Counts what this process allocates, C libraries included, and can refuse it. To be included by one source of a test,
// whose functions then replace malloc's for the whole process; not together with a sanitizer, which does the same.
//
// Thread-safe, but for the limit: set it while nobody else allocates.
#pragma once

#include <malloc.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

// glibc's own functions under the names that replacements may call.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
}

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

extern "C" {

void* malloc(std::size_t bytes) {
  return lqvg::CountedMemory::Allows(bytes) ? lqvg::CountedMemory::Take(__libc_malloc(bytes)) : nullptr;
}

void free(void* block) {
  lqvg::CountedMemory::GiveBack(malloc_usable_size(block));  // 0 for null
  __libc_free(block);
}

void* calloc(std::size_t count, std::size_t bytes) {
  if (bytes != 0 && count > SIZE_MAX / bytes) return nullptr;
  void* block = malloc(count * bytes);
  return block == nullptr ? nullptr : std::memset(block, 0, count * bytes);
}

void* realloc(void* block, std::size_t bytes) {
  if (!lqvg::CountedMemory::Allows(bytes)) return nullptr;
  const std::size_t before = malloc_usable_size(block);
  void* moved = __libc_realloc(block, bytes);
  if (moved == nullptr && bytes != 0) return nullptr;
  // Both at once while the bytes are copied.
  lqvg::CountedMemory::Take(moved);
  lqvg::CountedMemory::GiveBack(before);
  return moved;
}

void* memalign(std::size_t alignment, std::size_t bytes) {
  return lqvg::CountedMemory::Allows(bytes) ? lqvg::CountedMemory::Take(__libc_memalign(alignment, bytes)) : nullptr;
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) { return memalign(alignment, bytes); }

int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) {
  *block = memalign(alignment, bytes);
  return *block == nullptr ? ENOMEM : 0;
}
}
