#include "tests/image/counted_memory.h"

#include <cerrno>
#include <cstring>

// The names are the C library's.
// NOLINTBEGIN

// glibc's own functions under the names that replacements may call.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
}

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

// NOLINTEND
