#include "model/deform_attn.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include "model/kernels/kernels.h"

namespace lqvg {
namespace {

constexpr std::int64_t kQueriesPerTask = 64;

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

// value [B, N, heads, d], locations [B, Q, heads, levels, points, 2], weights [B, Q, heads, levels * points] -> [B, Q,
// D]
at::Tensor Sample(const at::Tensor& value, const std::vector<LevelShape>& levels, const at::Tensor& locations,
                  const at::Tensor& weights) {
  const std::int64_t batch = value.size(0), heads = value.size(2), head_dim = value.size(3),
                     queries = locations.size(1);
  const at::Tensor grid = locations * 2 - 1;  // grid_sample's -1..1
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

// What the sampling of one batch needs, as the projections gave it.
struct Projections {
  at::Tensor offsets;  // [B, Q, heads, levels, points, 2]
  at::Tensor logits;   // [B, Q, heads, levels * points]
};

Projections Project(const DeformAttn& attention, const at::Tensor& query, std::int64_t levels) {
  return {Forward(attention.sampling_offsets, query).unflatten(-1, {attention.heads, levels, attention.points, 2}),
          Forward(attention.attention_weights, query).unflatten(-1, {attention.heads, levels * attention.points})};
}

// What a kernel gave for a batch.
struct Sampled {
  at::Tensor sum;     // [B, Q, heads, channels]
  at::Tensor inside;  // [B, Q, heads], the weight that fell inside its level
};

// The kernel over a batch. `values` [B, N, any], of which head h reads `channels` channels from h * head_stride on.
Sampled SampleWithKernel(const Projections& projections, const at::Tensor& references, const at::Tensor& values,
                         std::int64_t head_stride, std::int64_t channels, const std::vector<LevelShape>& levels) {
  std::vector<kernels::DeformAttnLevel> shapes;
  std::int64_t begin = 0;
  for (const LevelShape& level : levels) {
    shapes.push_back({begin, level.height, level.width});
    begin += level.Cells();
  }
  const at::Tensor offsets = projections.offsets.contiguous(), logits = projections.logits.contiguous();
  const std::int64_t batch = offsets.size(0), queries = offsets.size(1), heads = offsets.size(2);
  const at::Tensor places = references.expand({batch, queries, references.size(2)}).contiguous();
  const at::Tensor cells = values.contiguous();
  Sampled sampled{at::empty({batch, queries, heads, channels}, cells.options()),
                  at::empty({batch, queries, heads}, cells.options())};

  for (std::int64_t b = 0; b < batch; ++b) {
    const kernels::DeformAttnArgs args = {
        .value = cells[b].const_data_ptr<float>(),
        .cell_stride = cells.size(2),
        .head_stride = head_stride,
        .offsets = offsets[b].const_data_ptr<float>(),
        .logits = logits[b].const_data_ptr<float>(),
        .references = places[b].const_data_ptr<float>(),
        .reference_size = places.size(2),
        .levels = shapes.data(),
        .level_count = static_cast<std::int64_t>(shapes.size()),
        .heads = heads,
        .points = offsets.size(4),
        .channels = channels,
        .out = sampled.sum[b].mutable_data_ptr<float>(),
        .inside = sampled.inside[b].mutable_data_ptr<float>(),
    };
    at::parallel_for(0, queries, kQueriesPerTask,
                     [&](std::int64_t first, std::int64_t last) { kernels::Kernels().deform_attn(args, first, last); });
  }
  return sampled;
}

// Many queries: project the memory once, then sample.
at::Tensor ProjectThenSample(const DeformAttn& attention, const Projections& projections, const at::Tensor& references,
                             const at::Tensor& memory, const std::vector<LevelShape>& levels) {
  const at::Tensor value = Forward(attention.value_proj, memory);
  const std::int64_t head_dim = value.size(-1) / attention.heads;
  return SampleWithKernel(projections, references, value, head_dim, head_dim, levels).sum.flatten(2);
}

// Few queries: the projection is linear, so sample the memory itself and project what was read. The bias counts only
// for the weight that fell inside a level, for outside the projected value is zero, not the bias. At S = 1024 the 10
// queries of a decoder layer then cost 0.03 GFLOP in place of 2.9.
at::Tensor SampleThenProject(const DeformAttn& attention, const Projections& projections, const at::Tensor& references,
                             const at::Tensor& memory, const std::vector<LevelShape>& levels) {
  const std::int64_t dim = memory.size(-1), heads = attention.heads;
  const Sampled sampled = SampleWithKernel(projections, references, memory, /*head_stride=*/0, dim, levels);
  const at::Tensor weight = attention.value_proj.weight.view({heads, dim / heads, dim});
  const at::Tensor bias = attention.value_proj.bias.view({heads, dim / heads});
  return (at::einsum("bqhd,hed->bqhe", {sampled.sum, weight}) + sampled.inside.unsqueeze(-1) * bias).flatten(2);
}

// The kernels are for CPUs and have no gradient; elsewhere the plain form runs, which is also what they are tested
// against.
bool KernelApplies(const DeformAttn& attention, const at::Tensor& query, const std::vector<LevelShape>& levels) {
  return query.is_cpu() && !c10::GradMode::is_enabled() && query.scalar_type() == at::kFloat &&
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

at::Tensor Forward(const DeformAttn& attention, const at::Tensor& query, const at::Tensor& references,
                   const at::Tensor& memory, const std::vector<LevelShape>& levels) {
  const Projections projections = Project(attention, query, static_cast<std::int64_t>(levels.size()));
  if (!KernelApplies(attention, query, levels)) {
    const at::Tensor value = Forward(attention.value_proj, memory).unflatten(-1, {attention.heads, -1});
    return Forward(attention.output_proj, Sample(value, levels, Locations(projections.offsets, references, levels),
                                                 at::softmax(projections.logits, -1)));
  }
  // Projecting what was read costs heads times as much a query as projecting a cell of the memory.
  const bool few = query.size(1) * attention.heads < memory.size(1);
  const at::Tensor read = few ? SampleThenProject(attention, projections, references, memory, levels)
                              : ProjectThenSample(attention, projections, references, memory, levels);
  return Forward(attention.output_proj, read);
}

}  // namespace lqvg
