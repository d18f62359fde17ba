// Training deformable attention: a forward and backward pass with the kernel, beside one through grid_sampler.
//
// The two take turns in one run, so that what else the machine does falls on both; what counts is the ratio of their
// medians. Not Google Benchmark, which would run one after the other.
// usage: deform_attn_bench [ROUNDS]; OMP_NUM_THREADS sets the threads
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "model/deform_attn.h"
#include "model/kernels/kernels.h"

namespace lqvg {
namespace {

constexpr std::int64_t kBatch = 24, kDim = 128, kHeads = 8, kPoints = 4, kLevelCount = 4;
const std::vector<LevelShape> kLevels = {{32, 32}, {16, 16}, {8, 8}, {4, 4}};
constexpr std::int64_t kCells = 32 * 32 + 16 * 16 + 8 * 8 + 4 * 4;

using PathFunction = at::Tensor (*)(const DeformAttn&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                    const std::vector<LevelShape>&);

struct Times {
  std::vector<double> forward, backward, both;  // ms
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

Linear RandomLinear(std::int64_t out, double gain) {
  return {(at::randn({out, kDim}) * gain).requires_grad_(true), at::randn({out}).requires_grad_(true)};
}

void Measure(const char* name, std::int64_t queries, int rounds) {
  const DeformAttn attention = {RandomLinear(kHeads * kLevelCount * kPoints * 2, 0.1),
                                RandomLinear(kHeads * kLevelCount * kPoints, 0.1),
                                RandomLinear(kDim, 0.1),
                                RandomLinear(kDim, 0.1),
                                kHeads,
                                kPoints};
  const at::Tensor query = at::randn({kBatch, queries, kDim}).requires_grad_(true),
                   memory = at::randn({kBatch, kCells, kDim}).requires_grad_(true),
                   references = at::rand({kBatch, queries, 2}), grad_out = at::randn({kBatch, queries, kDim});
  std::vector<at::Tensor> by = {query, memory};
  for (const Linear& layer :
       {attention.sampling_offsets, attention.attention_weights, attention.value_proj, attention.output_proj})
    by.insert(by.end(), {layer.weight, layer.bias});

  const PathFunction paths[] = {&ForwardPlain, &Forward};
  Times times[2];
  for (int round = 0; round <= rounds; ++round) {  // the first warms up
    for (int i = 0; i < 2; ++i) {
      using Clock = std::chrono::steady_clock;
      const auto ms = [](Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); };
      const Clock::time_point begun = Clock::now();
      const at::Tensor out = paths[i](attention, query, references, memory, kLevels);
      const Clock::time_point between = Clock::now();
      torch::autograd::grad({out}, by, {grad_out});
      const Clock::time_point ended = Clock::now();
      if (round == 0) continue;
      times[i].forward.push_back(ms(between - begun));
      times[i].backward.push_back(ms(ended - between));
      times[i].both.push_back(ms(ended - begun));
    }
  }
  for (int i = 0; i < 2; ++i) {
    std::printf("%s, %s: forward %.1f ms, backward %.1f ms, both %.1f ms\n", name, i == 0 ? "grid_sampler" : "kernel",
                Median(times[i].forward), Median(times[i].backward), Median(times[i].both));
  }
  std::printf("%s: ratio %.2f\n", name, Median(times[0].both) / Median(times[1].both));
}

}  // namespace
}  // namespace lqvg

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 9;
  at::manual_seed(1);
  std::printf("%s, %d threads, batch %d\n", lqvg::kernels::Kernels().isa, at::get_num_threads(),
              static_cast<int>(lqvg::kBatch));
  lqvg::Measure("encoder, 1360 queries", lqvg::kCells, rounds);
  lqvg::Measure("decoder, 10 queries", 10, rounds);
  return 0;
}
