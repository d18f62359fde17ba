// The model's stages one by one, as an answer runs them: one picture, one expression.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "bench/families.h"
#include "bench/model/peak_probe.h"
#include "bench/model/stage_work.h"
#include "bench/model/work.h"
#include "model/network.h"

namespace lqvg::bench {
namespace {

constexpr std::int64_t kTokens = 24;  // as RSVG-HR's expressions have

// A model, and what each stage is given: made up, or what the stages before it made of that.
struct Stages {
  std::unique_ptr<const Network> network;
  at::Tensor canvas, ids, valid;
  ImageLevels image;
  TextWords text;
  at::Tensor positions;
  Fused fused;

  explicit Stages(std::unique_ptr<const Network> loaded) : network(std::move(loaded)) {
    const Architecture& architecture = network->architecture;
    const std::int64_t side = architecture.input_size;
    canvas = at::randint(0, 256, {1, side, side, 3}, at::kByte);
    ids = at::randint(3, architecture.text_encoder.vocab_size, {1, kTokens}, at::kLong);
    valid = at::ones({1, kTokens}, at::kBool);
    image = EncodeImage();
    text = EncodeText();
    positions = ImagePositions(image.levels, architecture.hidden_dim, network->device);
    fused = Fuse();
  }

  ImageLevels EncodeImage() const { return Forward(network->image_encoder, canvas); }
  TextWords EncodeText() const { return Forward(network->text_encoder, ids, valid); }
  Fused Fuse() const { return Forward(network->fusion, image, positions, text); }
  Proposals Transform() const {
    return Forward(network->transformer, fused.tokens, image.levels, positions, fused.sentence);
  }
};

void RegisterPeaks(int threads) {
  const std::string name = "peaks/threads:" + std::to_string(threads);
  benchmark::RegisterBenchmark(name.c_str(), [threads](benchmark::State& state) {
    Peaks peaks;
    for (auto unused : state) peaks = PeaksOf(threads);
    state.counters["flop_per_second"] = peaks.flops;
    state.counters["bytes_per_second"] = peaks.bytes;
  })->Iterations(1);
}

void RegisterStage(const std::string& stage, const Work& work, std::function<void()> pass) {
  const std::string name = "stages/" + stage;
  benchmark::RegisterBenchmark(name.c_str(), [work, pass = std::move(pass)](benchmark::State& state) {
    const c10::InferenceMode inference;
    MeasurePasses(state, work, at::get_num_threads(), pass);
  })->Unit(benchmark::kMillisecond);
}

}  // namespace

absl::Status RegisterStages(const std::string& model_dir) {
  const c10::InferenceMode inference;
  auto network = LoadNetwork(model_dir, at::kCPU);
  if (!network.ok()) return network.status();
  const auto stages = std::make_shared<const Stages>(*std::move(network));

  const int threads = at::get_num_threads();
  benchmark::AddCustomContext("model", model_dir);
  benchmark::AddCustomContext("torch_threads", std::to_string(threads));
  RegisterPeaks(1);
  if (threads > 1) RegisterPeaks(threads);

  const Work image = ImageWork(*stages->network), text = TextWork(*stages->network, kTokens),
             fusion = FusionWork(*stages->network, stages->image.levels, kTokens),
             transformer = TransformerWork(*stages->network, stages->image.levels);
  RegisterStage("image", image, [stages] { stages->EncodeImage(); });
  RegisterStage("text", text, [stages] { stages->EncodeText(); });
  RegisterStage("fusion", fusion, [stages] { stages->Fuse(); });
  RegisterStage("transformer", transformer, [stages] { stages->Transform(); });
  Work all = image;
  for (const Work& work : {text, fusion, transformer}) all += work;
  RegisterStage("all", all, [stages] { Ground(*stages->network, stages->EncodeImage(), stages->EncodeText()); });
  return absl::OkStatus();
}

}  // namespace lqvg::bench
