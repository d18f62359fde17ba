#include "model/kernels/kernels.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace lqvg::kernels {
namespace {

struct Choice {
  const KernelTable* table;
  bool supported;
};

const KernelTable& Choose() {
  const Choice choices[] = {
#if defined(__x86_64__)
    {&kAvx512Kernels, __builtin_cpu_supports("avx512f") != 0},
    {&kAvx2Kernels, __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0},
#endif
    {&kGenericKernels, true},
  };
  const char* forced = std::getenv("LQVG_ISA");
  for (const Choice& choice : choices) {
    if (forced != nullptr && *forced != '\0' && std::strcmp(forced, choice.table->isa) != 0) continue;
    if (choice.supported) return *choice.table;
    if (forced != nullptr && *forced != '\0') break;
  }
  std::fprintf(stderr, "LQVG_ISA=%s is unknown or not supported by this processor\n", forced);
  std::exit(2);
}

}  // namespace

const KernelTable& Kernels() {
  static const KernelTable& table = Choose();
  return table;
}

}  // namespace lqvg::kernels
