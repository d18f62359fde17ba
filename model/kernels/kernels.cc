#include "model/kernels/kernels.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace lqvg::kernels {
namespace {

const KernelTable& Choose() {
  const char* const forced = std::getenv("LQVG_ISA");
  const bool is_forced = forced != nullptr && *forced != '\0';
  for (const KernelTable* const* table = SupportedKernels(); *table != nullptr; ++table) {
    if (!is_forced || std::strcmp(forced, (*table)->isa) == 0) return **table;
  }
  std::fprintf(stderr, "LQVG_ISA=%s is unknown or not supported by this processor\n", forced);
  std::exit(2);
}

}  // namespace

const KernelTable* const* SupportedKernels() {
  struct Tables {
    const KernelTable* list[4] = {};
    Tables() {
      const KernelTable** next = list;
#if defined(__x86_64__)
      if (__builtin_cpu_supports("avx512f")) *next++ = &kAvx512Kernels;
      if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) *next++ = &kAvx2Kernels;
#endif
      *next = &kGenericKernels;
    }
  };
  static const Tables tables;
  return tables.list;
}

const KernelTable& Kernels() {
  static const KernelTable& table = Choose();
  return table;
}

}  // namespace lqvg::kernels
