// The sampling of deformable attention by a kernel for CPUs, with its gradient: a node of autograd's graph that keeps
// the inputs and recomputes softmax and places, in place of grid_sampler's five copies of them.
//
// Stateless; splits the work over LibTorch's threads. The gradients are the same, bit for bit, whatever their number.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/layers.h"

namespace lqvg {

// All float32 on the CPU.
struct DeformAttnSamples {
  at::Tensor values;             // [B, N, any], of which head h reads `channels` channels from h * head_stride on
  std::int64_t head_stride = 0;  // 0: all heads share the channels
  std::int64_t channels = 0;
  at::Tensor offsets;     // [B, Q, heads, levels, points, 2], as the projection gave them
  at::Tensor logits;      // [B, Q, heads, levels * points]
  at::Tensor references;  // [B or 1, Q, 2 or 4]
  std::vector<LevelShape> levels;
};

struct Sampled {
  at::Tensor sum;     // [B, Q, heads, channels]
  at::Tensor inside;  // [B, Q, heads], the weight that fell inside its level
};

// Under grad mode the result can be differentiated, once, by all four tensors.
Sampled Sample(const DeformAttnSamples& samples);

}  // namespace lqvg
