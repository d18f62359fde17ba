// The kernels of model/kernels, each instruction set's beside plain ATen, on one thread; the layer around them on all
// threads is in layer_bench.cc.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <string>
#include <utility>
#include <vector>

#include "bench/families.h"
#include "bench/model/attention_shape.h"
#include "bench/model/stage_work.h"
#include "bench/model/work.h"
#include "model/deform_attn.h"
#include "model/kernels/kernels.h"

namespace lqvg::bench {
namespace {

using kernels::KernelTable;

// LibTorch works on the calling thread alone as long as this lives.
class OneThread {
 public:
  OneThread() { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  const int before_ = at::get_num_threads();
};

// The sampling of one picture, random but for its shape, with room for all results.
struct Problem {
  AttentionShape shape;
  std::vector<kernels::DeformAttnLevel> levels;
  at::Tensor value, offsets, logits, references, grad_out;  // the memory is [1, N, D]
  at::Tensor out, inside, grad_value, grad_offsets, grad_logits;

  explicit Problem(const AttentionShape& of) : shape(of) {
    std::int64_t begin = 0;
    for (const LevelShape& level : shape.levels) {
      levels.push_back({begin, level.height, level.width});
      begin += level.Cells();
    }
    const auto level_count = static_cast<std::int64_t>(levels.size());
    value = at::randn({1, shape.Cells(), shape.dim});
    offsets = at::randn({1, shape.queries, shape.heads, level_count, shape.points, 2}) * 1.5;  // about as trained ones
    logits = at::randn({1, shape.queries, shape.heads, shape.PointsPerHead()});
    references = shape.References();
    out = at::empty({1, shape.queries, shape.heads, shape.Channels()});
    inside = at::empty({1, shape.queries, shape.heads});
    grad_out = at::randn_like(out);
    grad_value = at::zeros_like(value);
    grad_offsets = at::empty_like(offsets);
    grad_logits = at::empty_like(logits);
  }

  kernels::DeformAttnArgs Args() const {
    return {.value = value.const_data_ptr<float>(),
            .cell_stride = shape.dim,
            .head_stride = shape.has_boxes ? 0 : shape.Channels(),
            .offsets = offsets.const_data_ptr<float>(),
            .logits = logits.const_data_ptr<float>(),
            .references = references.const_data_ptr<float>(),
            .reference_size = references.size(2),
            .levels = levels.data(),
            .level_count = static_cast<std::int64_t>(levels.size()),
            .heads = shape.heads,
            .points = shape.points,
            .channels = shape.Channels(),
            .out = out.mutable_data_ptr<float>(),
            .inside = inside.mutable_data_ptr<float>()};
  }

  kernels::DeformAttnBackwardArgs BackwardArgs() const {
    kernels::DeformAttnBackwardArgs args = {.forward = Args(),
                                            .queries = shape.queries,
                                            .grad_out = grad_out.const_data_ptr<float>(),
                                            .grad_inside = nullptr,
                                            .grad_value = grad_value.mutable_data_ptr<float>(),
                                            .grad_offsets = grad_offsets.mutable_data_ptr<float>(),
                                            .grad_logits = grad_logits.mutable_data_ptr<float>(),
                                            .grad_references = nullptr};
    if (!shape.has_boxes) {  // a head's cells side by side, as model/deform_attn_sampler.cc gives them to it
      args.forward.cell_stride = shape.Channels();
      args.forward.head_stride = shape.Cells() * shape.Channels();
    }
    return args;
  }

  at::Tensor SampleInAten() const {
    return SamplePlain(value.unflatten(-1, {shape.heads, -1}), shape.levels, offsets, logits, references);
  }

  Work ForwardWork() const {
    return SamplingWork(static_cast<double>(shape.queries), static_cast<double>(shape.heads * shape.PointsPerHead()),
                        static_cast<double>(shape.Channels()), static_cast<double>(shape.Cells()),
                        static_cast<double>(shape.dim));
  }

  // The products of each cell read with the gradient that comes in, and the addition to the cell's own; which is read
  // and written where the forward pass only reads.
  Work BackwardWork() const {
    Work work = ForwardWork();
    return {2 * work.flops, 3 * work.bytes};
  }
};

void Forward(benchmark::State& state, const AttentionShape& shape, const KernelTable& table) {
  const Problem problem(shape);
  const kernels::DeformAttnArgs args = problem.Args();
  MeasurePasses(state, problem.ForwardWork(), 1, [&] { table.deform_attn(args, 0, shape.queries); });
}

void Backward(benchmark::State& state, const AttentionShape& shape, const KernelTable& table) {
  const Problem problem(shape);
  const kernels::DeformAttnBackwardArgs args = problem.BackwardArgs();
  MeasurePasses(state, problem.BackwardWork(), 1, [&] { table.deform_attn_backward(args, 0, shape.heads); });
}

void ForwardInAten(benchmark::State& state, const AttentionShape& shape) {
  const c10::InferenceMode inference;
  const OneThread one_thread;
  const Problem problem(shape);
  MeasurePasses(state, problem.ForwardWork(), 1, [&] { problem.SampleInAten(); });
}

void BackwardInAten(benchmark::State& state, const AttentionShape& shape) {
  const OneThread one_thread;
  Problem problem(shape);
  const std::vector<at::Tensor> by = {problem.value, problem.offsets, problem.logits};
  for (const at::Tensor& input : by) input.set_requires_grad(true);
  const at::Tensor out = problem.SampleInAten(), grad_out = problem.grad_out.flatten(2);
  MeasurePasses(state, problem.BackwardWork(), 1,
                [&] { torch::autograd::grad({out}, by, {grad_out}, /*retain_graph=*/true); });
}

template <typename Function>
void Register(const std::string& name, Function function) {
  benchmark::RegisterBenchmark(("kernels/" + name).c_str(), std::move(function))->Unit(benchmark::kMicrosecond);
}

}  // namespace

void RegisterKernels(const Architecture& architecture) {
  for (const AttentionShape& shape : AttentionShapes(architecture)) {
    const std::string name = "deform_attn/" + shape.name + "/";
    for (const KernelTable* const* table = kernels::SupportedKernels(); *table != nullptr; ++table) {
      Register(name + (*table)->isa,
               [shape, &kernel = **table](benchmark::State& state) { Forward(state, shape, kernel); });
    }
    // Nobody would let ATen sample whole rows for each of a decoder's heads: see the layers.
    if (!shape.has_boxes) Register(name + "aten", [shape](benchmark::State& state) { ForwardInAten(state, shape); });
  }
  for (const AttentionShape& shape : AttentionShapes(architecture)) {
    const std::string name = "deform_attn_backward/" + shape.name + "/";
    for (const KernelTable* const* table = kernels::SupportedKernels(); *table != nullptr; ++table) {
      Register(name + (*table)->isa,
               [shape, &kernel = **table](benchmark::State& state) { Backward(state, shape, kernel); });
    }
    if (!shape.has_boxes) Register(name + "aten", [shape](benchmark::State& state) { BackwardInAten(state, shape); });
  }
}

}  // namespace lqvg::bench
