#include "model/deform_attn.h"

#include <ATen/ATen.h>

namespace lqvg {
namespace {

// Where each query looks: [B, Q, heads, levels, points, 2] in 0..1 of a level.
at::Tensor Locations(const at::Tensor& offsets, const at::Tensor& references, const std::vector<LevelShape>& levels) {
  const at::Tensor centre = references.narrow(-1, 0, 2).unsqueeze(2).unsqueeze(2).unsqueeze(2);  // [B, Q, 1, 1, 1, 2]
  if (references.size(-1) == 4) {  // offsets are in units of half a box, shared out over the points
    const at::Tensor size = references.narrow(-1, 2, 2).unsqueeze(2).unsqueeze(2).unsqueeze(2);
    return centre + offsets / static_cast<double>(offsets.size(-2)) * size * 0.5;
  }
  std::vector<float> cells;  // offsets are in cells
  for (const LevelShape& level : levels) {
    cells.push_back(static_cast<float>(level.width));
    cells.push_back(static_cast<float>(level.height));
  }
  const at::Tensor extent = at::tensor(cells, at::kFloat).to(offsets.device()).view({-1, 1, 2});  // [levels, 1, 2]
  return centre + offsets / extent;
}

// value [B, N, heads, d], locations [B, Q, heads, levels, points, 2], weights [B, Q, heads, levels * points] -> [B, Q, D]
at::Tensor Sample(const at::Tensor& value, const std::vector<LevelShape>& levels, const at::Tensor& locations,
                  const at::Tensor& weights) {
  const std::int64_t batch = value.size(0), heads = value.size(2), head_dim = value.size(3), queries = locations.size(1);
  const at::Tensor grid = locations * 2 - 1;  // grid_sample's -1..1
  std::vector<at::Tensor> sampled;
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const at::Tensor plane = value.narrow(1, begin, levels[i].Cells())
                                 .permute({0, 2, 3, 1})
                                 .reshape({batch * heads, head_dim, levels[i].height, levels[i].width});
    const at::Tensor points = grid.select(3, static_cast<std::int64_t>(i)).transpose(1, 2).flatten(0, 1);  // [B*heads, Q, P, 2]
    sampled.push_back(at::grid_sampler(plane, points, /*bilinear*/ 0, /*zeros*/ 0, /*align_corners=*/false));
    begin += levels[i].Cells();
  }
  const at::Tensor read = at::cat(sampled, -1);                                         // [B*heads, d, Q, levels*P]
  const at::Tensor weight = weights.transpose(1, 2).flatten(0, 1).unsqueeze(1);         // [B*heads, 1, Q, levels*P]
  return (read * weight).sum(-1).view({batch, heads * head_dim, queries}).transpose(1, 2);
}

}  // namespace

DeformAttn LoadDeformAttn(const Scope& scope, std::int64_t dim, std::int64_t heads, std::int64_t levels, std::int64_t points) {
  return {LoadLinear(scope.In("sampling_offsets"), heads * levels * points * 2, dim),
          LoadLinear(scope.In("attention_weights"), heads * levels * points, dim),
          LoadLinear(scope.In("value_proj"), dim, dim),
          LoadLinear(scope.In("output_proj"), dim, dim),
          heads,
          points};
}

at::Tensor Forward(const DeformAttn& attention, const at::Tensor& query, const at::Tensor& references,
                   const at::Tensor& memory, const std::vector<LevelShape>& levels) {
  const std::int64_t level_count = static_cast<std::int64_t>(levels.size());
  const at::Tensor value = Forward(attention.value_proj, memory).unflatten(-1, {attention.heads, -1});
  const at::Tensor offsets =
      Forward(attention.sampling_offsets, query).unflatten(-1, {attention.heads, level_count, attention.points, 2});
  const at::Tensor weights =
      at::softmax(Forward(attention.attention_weights, query).unflatten(-1, {attention.heads, level_count * attention.points}), -1);
  return Forward(attention.output_proj, Sample(value, levels, Locations(offsets, references, levels), weights));
}

}  // namespace lqvg
