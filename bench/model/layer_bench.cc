// A layer of deformable attention with its projections, on all threads: with the kernel and in ATen alone.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "bench/families.h"
#include "bench/model/attention_shape.h"
#include "model/deform_attn.h"
#include "model/kernels/kernels.h"

namespace lqvg::bench {
namespace {

using LayerFunction = at::Tensor (*)(const DeformAttn&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                     const std::vector<LevelShape>&);

constexpr std::pair<const char*, LayerFunction> kWays[] = {{"kernel", &Forward}, {"aten", &ForwardPlain}};

constexpr std::int64_t kBatchCells = 32'768;  // of the pictures of a training batch: 24 of 256 pixels, or one of 1024

// A layer and what comes into it, random but for its shape.
struct Layer {
  AttentionShape shape;
  DeformAttn attention;
  at::Tensor query, memory, references;

  Layer(const AttentionShape& of, std::int64_t batch) : shape(of) {
    const auto linear = [&](std::int64_t out, double gain) {
      return Linear{at::randn({out, shape.dim}) * gain, at::randn({out})};
    };
    const std::int64_t points = shape.heads * shape.PointsPerHead();
    attention = {linear(points * 2, 0.1), linear(points, 0.1), linear(shape.dim, 0.1),
                 linear(shape.dim, 0.1),  shape.heads,         shape.points};
    query = at::randn({batch, shape.queries, shape.dim});
    memory = at::randn({batch, shape.Cells(), shape.dim});
    references = shape.References();
  }

  at::Tensor Run(LayerFunction function) const { return function(attention, query, references, memory, shape.levels); }

  // What a gradient is wanted for.
  std::vector<at::Tensor> Inputs() const {
    std::vector<at::Tensor> inputs = {query, memory};
    for (const Linear& layer :
         {attention.sampling_offsets, attention.attention_weights, attention.value_proj, attention.output_proj})
      inputs.insert(inputs.end(), {layer.weight, layer.bias});
    return inputs;
  }
};

void Answer(benchmark::State& state, const AttentionShape& shape, LayerFunction function) {
  const c10::InferenceMode inference;
  const Layer layer(shape, 1);
  layer.Run(function);  // warms up
  for (auto unused : state) layer.Run(function);
  state.SetItemsProcessed(state.iterations());
}

// A forward and a backward pass of a batch; counts pictures, and the seconds of each pass.
void Train(benchmark::State& state, const AttentionShape& shape, LayerFunction function) {
  using Clock = std::chrono::steady_clock;
  const std::int64_t batch = std::max(std::int64_t{1}, kBatchCells / shape.Cells());
  const Layer layer(shape, batch);
  const std::vector<at::Tensor> by = layer.Inputs();
  for (const at::Tensor& input : by) input.set_requires_grad(true);
  const at::Tensor grad_out = at::randn({batch, shape.queries, shape.dim});
  torch::autograd::grad({layer.Run(function)}, by, {grad_out});  // warms up
  Clock::duration forward{}, backward{};
  for (auto unused : state) {
    const Clock::time_point begin = Clock::now();
    const at::Tensor out = layer.Run(function);
    const Clock::time_point between = Clock::now();
    torch::autograd::grad({out}, by, {grad_out});
    forward += between - begin;
    backward += Clock::now() - between;
  }
  const auto per_pass = [&](Clock::duration total) {
    return benchmark::Counter(std::chrono::duration<double>(total).count(), benchmark::Counter::kAvgIterations);
  };
  state.SetItemsProcessed(state.iterations() * batch);
  state.counters["forward_seconds"] = per_pass(forward);
  state.counters["backward_seconds"] = per_pass(backward);
}

}  // namespace

void RegisterLayers(const Architecture& architecture) {
  benchmark::AddCustomContext("kernels", kernels::Kernels().isa);
  for (const AttentionShape& shape : AttentionShapes(architecture)) {
    for (const auto& [way, function] : kWays) {
      const std::string name = shape.name + "/" + way;
      benchmark::RegisterBenchmark(("layers/deform_attn/" + name).c_str(), [shape, function = function](
                                                                               benchmark::State& state) {
        Answer(state, shape, function);
      })->Unit(benchmark::kMillisecond);
      benchmark::RegisterBenchmark(("layers/deform_attn_training/" + name).c_str(), [shape, function = function](
                                                                                        benchmark::State& state) {
        Train(state, shape, function);
      })->Unit(benchmark::kMillisecond);
    }
  }
}

}  // namespace lqvg::bench
