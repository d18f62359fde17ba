// How long the model's stages take, one after another, and what share of the machine they use.
//
//   stage_bench [MODEL_DIR] [SECONDS]     MODEL_DIR: models/demo; SECONDS for each stage: 3
//
// Prints a Markdown table: the median of the stage's times, FLOP, GFLOP/s, and their share of the fused multiply-adds
// that the same run measured just before. OMP_NUM_THREADS sets the threads.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "bench/model/peak_probe.h"
#include "bench/model/stage_flops.h"
#include "model/network.h"

namespace lqvg {
namespace {

constexpr std::int64_t kTokens = 24;  // as RSVG-HR's expressions have
constexpr double kProbeSeconds = 1;

double MedianSeconds(const std::function<void()>& stage, double seconds) {
  using Clock = std::chrono::steady_clock;
  stage();  // warms up
  std::vector<double> times;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  do {
    const auto begin = Clock::now();
    stage();
    times.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
  } while (Clock::now() < end || times.size() < 3);
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

int Main(const std::string& model_dir, double seconds) {
  const c10::InferenceMode inference;
  const auto loaded = LoadNetwork(model_dir, at::kCPU);
  if (!loaded.ok()) {
    std::fprintf(stderr, "stage_bench: %s\n", std::string(loaded.status().message()).c_str());
    return 1;
  }
  const Network& network = **loaded;
  const std::int64_t side = network.architecture.input_size;
  const at::Tensor canvas = at::randint(0, 256, {1, side, side, 3}, at::kByte);
  const at::Tensor ids = at::randint(3, network.architecture.text_encoder.vocab_size, {1, kTokens}, at::kLong);
  const at::Tensor valid = at::ones({1, kTokens}, at::kBool);
  const ImageLevels image = Forward(network.image_encoder, canvas);
  const TextWords text = Forward(network.text_encoder, ids, valid);
  const at::Tensor positions = ImagePositions(image.levels, network.architecture.hidden_dim, network.device);
  const Fused fused = Forward(network.fusion, image, positions, text);

  const int threads = at::get_num_threads();
  const double peak = PeakFlops(threads, kProbeSeconds), read = PeakReadBytes(threads, kProbeSeconds);
  std::printf(
      "%s, one picture and one expression of %lld tokens, %d threads; measured peak %.0f GFLOP/s, %.1f GB/s read\n\n",
      model_dir.c_str(), static_cast<long long>(kTokens), threads, peak / 1e9, read / 1e9);
  std::printf("| Stage | ms | GFLOP | GFLOP/s | of the peak |\n| --- | --- | --- | --- | --- |\n");
  const auto row = [&](const char* name, double flops, const std::function<void()>& stage) {
    const double time = MedianSeconds(stage, seconds);
    std::printf("| %s | %.2f | %.3f | %.0f | %.0f %% |\n", name, time * 1e3, flops / 1e9, flops / time / 1e9,
                100 * flops / time / peak);
  };
  row("image", ImageFlops(network), [&] { Forward(network.image_encoder, canvas); });
  row("text", TextFlops(network, kTokens), [&] { Forward(network.text_encoder, ids, valid); });
  row("fusion", FusionFlops(network, image.levels, kTokens), [&] { Forward(network.fusion, image, positions, text); });
  row("transformer", TransformerFlops(network, image.levels),
      [&] { Forward(network.transformer, fused.tokens, image.levels, positions, fused.sentence); });
  return 0;
}

}  // namespace
}  // namespace lqvg

int main(int argc, char** argv) {
  return lqvg::Main(argc > 1 ? argv[1] : "models/demo", argc > 2 ? std::atof(argv[2]) : 3);
}
