// The hot loops that ATen has no good form of, behind one table of function pointers chosen once for this machine.
//
// Plain data and raw pointers only: a file compiled for one instruction set must not instantiate anything that the
// linker could keep for the whole program. Every kernel works on a range; the caller splits the range over threads.
#pragma once

#include <cstdint>

namespace lqvg::kernels {

// One level of the feature pyramid inside a memory of N cells.
struct DeformAttnLevel {
  std::int64_t begin;   // its first cell
  std::int64_t height;  // cells
  std::int64_t width;   // cells
};

inline constexpr int kMaxDeformAttnPoints = 256;  // levels * points of one head

// Deformable attention of one memory, from the projections' raw output to the weighted sum.
struct DeformAttnArgs {
  // Cell n, head h, channel c is value[n * cell_stride + h * head_stride + c]. A head_stride of 0 shares all channels.
  const float* value;
  std::int64_t cell_stride;
  std::int64_t head_stride;
  const float* offsets;         // [queries, heads, levels, points, 2] (x, y): cells, or with boxes half a box per point
  const float* logits;          // [queries, heads, levels * points]; softmax is taken here
  const float* references;      // [queries, reference_size] in 0..1
  std::int64_t reference_size;  // 2: (x, y), or 4: (cx, cy, w, h)
  const DeformAttnLevel* levels;
  std::int64_t level_count, heads, points, channels;
  float* out;     // [queries, heads, channels]
  float* inside;  // [queries, heads], the weight that fell inside its level; null: not wanted
};

// Queries begin..end - 1.
using DeformAttnFunction = void (*)(const DeformAttnArgs& args, std::int64_t begin, std::int64_t end);

// The gradients of one memory's deformable attention.
struct DeformAttnBackwardArgs {
  DeformAttnArgs forward;  // what the forward pass was given; its out and inside are not touched
  std::int64_t queries;
  const float* grad_out;     // [queries, heads, channels]
  const float* grad_inside;  // [queries, heads]; null: zero
  float* grad_value;         // laid out as the value is; added to
  float* grad_offsets;       // as the offsets are; written
  float* grad_logits;        // as the logits are; written
  float* grad_references;    // [queries, heads, reference_size], each head's share; written; null: not wanted
};

// All queries of heads begin..end - 1. Heads with channels of their own (a head_stride) may run at once; heads that
// share channels add to the same cells, so one call must have them all. The sums do not depend on the split.
using DeformAttnBackwardFunction = void (*)(const DeformAttnBackwardArgs& args, std::int64_t begin, std::int64_t end);

struct KernelTable {
  const char* isa;  // "generic", "avx2" or "avx512"
  DeformAttnFunction deform_attn;
  DeformAttnBackwardFunction deform_attn_backward;
};

// The tables that this processor runs, the best first; null ends them. Constant, thread-safe.
const KernelTable* const* SupportedKernels();

// The best table that this processor runs, or the one that the environment variable LQVG_ISA names. Chosen at the first
// call, then constant; thread-safe. An LQVG_ISA that is unknown or not supported here ends the process with a message:
// who forces an instruction set wants that one or none.
const KernelTable& Kernels();

extern const KernelTable kGenericKernels;
#if defined(__x86_64__)
extern const KernelTable kAvx2Kernels;
extern const KernelTable kAvx512Kernels;
#endif

}  // namespace lqvg::kernels
