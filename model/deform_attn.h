// Multi-scale deformable attention (Zhu et al., arXiv 2010.04159, equation 3): each query reads a few points per level.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/layers.h"

namespace lqvg {

struct DeformAttn {
  Linear sampling_offsets;   // D -> heads * levels * points * 2 (x, y)
  Linear attention_weights;  // D -> heads * levels * points
  Linear value_proj;         // D -> D
  Linear output_proj;        // D -> D
  std::int64_t heads = 8;
  std::int64_t points = 4;
};

DeformAttn LoadDeformAttn(const Scope& scope, std::int64_t dim, std::int64_t heads, std::int64_t levels,
                          std::int64_t points);

// query [B, Q, D]; references [B or 1, Q, 2] (x, y) or [B, Q, 4] (cx, cy, w, h) in 0..1; memory [B, N, D] laid out as
// `levels` says -> [B, Q, D]. Points outside a level read zeros. With a kernel where there is one: float32 on the CPU.
at::Tensor Forward(const DeformAttn& attention, const at::Tensor& query, const at::Tensor& references,
                   const at::Tensor& memory, const std::vector<LevelShape>& levels);

// The same in ATen alone, on any device and of any type: what the kernels and their gradients are tested against.
at::Tensor ForwardPlain(const DeformAttn& attention, const at::Tensor& query, const at::Tensor& references,
                        const at::Tensor& memory, const std::vector<LevelShape>& levels);

// The sampling alone, in ATen: `value` [B, N, heads, d] laid out as `levels` says, `offsets` [B, Q, heads, levels,
// points, 2] and `logits` [B, Q, heads, levels * points] as the projections give them -> [B, Q, heads * d].
at::Tensor SamplePlain(const at::Tensor& value, const std::vector<LevelShape>& levels, const at::Tensor& offsets,
                       const at::Tensor& logits, const at::Tensor& references);

}  // namespace lqvg
