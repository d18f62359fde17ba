#include "model/deform_attn.h"

#include <ATen/ATen.h>

#include "model/deform_attn_sampler.h"
#include "model/kernels/kernels.h"

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

// What the sampling of one batch needs, as the projections gave it.
struct Projections {
  at::Tensor offsets;  // [B, Q, heads, levels, points, 2]
  at::Tensor logits;   // [B, Q, heads, levels * points]
};

// Places and sums are fp32 where mixed precision gave less, and what the caller chose where that is more.
at::Tensor AtLeastFloat(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kDouble ? tensor : tensor.to(at::kFloat);
}

Projections Project(const DeformAttn& attention, const at::Tensor& query, std::int64_t levels) {
  return {AtLeastFloat(Forward(attention.sampling_offsets, query))
              .unflatten(-1, {attention.heads, levels, attention.points, 2}),
          AtLeastFloat(Forward(attention.attention_weights, query))
              .unflatten(-1, {attention.heads, levels * attention.points})};
}

// Many queries: project the memory once, then sample.
at::Tensor ProjectThenSample(const DeformAttn& attention, const Projections& projections, const at::Tensor& references,
                             const at::Tensor& memory, const std::vector<LevelShape>& levels) {
  const at::Tensor value = AtLeastFloat(Forward(attention.value_proj, memory));
  const std::int64_t head_dim = value.size(-1) / attention.heads;
  return Sample({value, head_dim, head_dim, projections.offsets, projections.logits, references, levels})
      .sum.flatten(2);
}

// Few queries: the projection is linear, so sample the memory itself and project what was read. The bias counts only
// for the weight that fell inside a level, for outside the projected value is zero, not the bias. At S = 1024 the 10
// queries of a decoder layer then cost 0.03 GFLOP in place of 2.9.
at::Tensor SampleThenProject(const DeformAttn& attention, const Projections& projections, const at::Tensor& references,
                             const at::Tensor& memory, const std::vector<LevelShape>& levels) {
  const std::int64_t dim = memory.size(-1), heads = attention.heads;
  const Sampled sampled =
      Sample({memory, /*head_stride=*/0, dim, projections.offsets, projections.logits, references, levels});
  const at::Tensor weight = attention.value_proj.weight.view({heads, dim / heads, dim});
  const at::Tensor bias = attention.value_proj.bias.view({heads, dim / heads});
  return (at::einsum("bqhd,hed->bqhe", {sampled.sum, weight}) + sampled.inside.unsqueeze(-1) * bias).flatten(2);
}

// The kernels are for CPUs; elsewhere the plain form runs.
bool KernelApplies(const DeformAttn& attention, const at::Tensor& query, const std::vector<LevelShape>& levels) {
  return query.is_cpu() && query.scalar_type() == at::kFloat &&
         static_cast<std::int64_t>(levels.size()) * attention.points <= kernels::kMaxDeformAttnPoints;
}

}  // namespace

DeformAttn LoadDeformAttn(const Scope& scope, std::int64_t dim, std::int64_t heads, std::int64_t levels,
                          std::int64_t points) {
  return {LoadLinear(scope.In("sampling_offsets"), heads * levels * points * 2, dim),
          LoadLinear(scope.In("attention_weights"), heads * levels * points, dim),
          LoadLinear(scope.In("value_proj"), dim, dim),
          LoadLinear(scope.In("output_proj"), dim, dim),
          heads,
          points};
}

at::Tensor SamplePlain(const at::Tensor& value, const std::vector<LevelShape>& levels, const at::Tensor& offsets,
                       const at::Tensor& logits, const at::Tensor& references) {
  const std::int64_t batch = value.size(0), heads = value.size(2), head_dim = value.size(3), queries = offsets.size(1);
  const at::Tensor weights = at::softmax(logits, -1);
  const at::Tensor grid = Locations(offsets, references, levels) * 2 - 1;  // grid_sample's -1..1
  std::vector<at::Tensor> sampled;
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const at::Tensor plane = value.narrow(1, begin, levels[i].Cells())
                                 .permute({0, 2, 3, 1})
                                 .reshape({batch * heads, head_dim, levels[i].height, levels[i].width});
    const at::Tensor points =
        grid.select(3, static_cast<std::int64_t>(i)).transpose(1, 2).flatten(0, 1);  // [B*heads, Q, P, 2]
    sampled.push_back(at::grid_sampler(plane, points, /*bilinear*/ 0, /*zeros*/ 0, /*align_corners=*/false));
    begin += levels[i].Cells();
  }
  const at::Tensor read = at::cat(sampled, -1);                                  // [B*heads, d, Q, levels*P]
  const at::Tensor weight = weights.transpose(1, 2).flatten(0, 1).unsqueeze(1);  // [B*heads, 1, Q, levels*P]
  return (read * weight).sum(-1).view({batch, heads * head_dim, queries}).transpose(1, 2);
}

at::Tensor ForwardPlain(const DeformAttn& attention, const at::Tensor& query, const at::Tensor& references,
                        const at::Tensor& memory, const std::vector<LevelShape>& levels) {
  const Projections projections = Project(attention, query, static_cast<std::int64_t>(levels.size()));
  const at::Tensor value = Forward(attention.value_proj, memory).unflatten(-1, {attention.heads, -1});
  return Forward(attention.output_proj,
                 SamplePlain(value, levels, projections.offsets, projections.logits, references));
}

at::Tensor Forward(const DeformAttn& attention, const at::Tensor& query, const at::Tensor& references,
                   const at::Tensor& memory, const std::vector<LevelShape>& levels) {
  if (!KernelApplies(attention, query, levels)) return ForwardPlain(attention, query, references, memory, levels);
  const Projections projections = Project(attention, query, static_cast<std::int64_t>(levels.size()));
  // Projecting what was read costs heads times as much a query as projecting a cell of the memory.
  const bool few = query.size(1) * attention.heads < memory.size(1);
  const at::Tensor read = few ? SampleThenProject(attention, projections, references, memory, levels)
                              : ProjectThenSample(attention, projections, references, memory, levels);
  return Forward(attention.output_proj, read);
}

}  // namespace lqvg
