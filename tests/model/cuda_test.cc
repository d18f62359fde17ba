// The model and a step of its training on a GPU against the same on the CPU, both in fp32 without TF32.
//
// Where there is no GPU nothing is measured and the tests say so; with LQVG_REQUIRE_GPU=1 they fail there instead.
// LQVG_PARITY_REPORT=1 prints the differences.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "model/device.h"
#include "model/network.h"
#include "model/safetensors.h"
#include "tests/support/source_tree.h"
#include "tests/support/temporary_folder.h"
#include "train/trainer.h"

namespace lqvg {
namespace {

// The orders of summation differ, nothing else: as far apart as the official code and ours are on one CPU. Gradients
// are compared by the norm of their difference, because next to a kink (ReLU, the cells of the sampled grid) one
// element may differ by more than rounding.
constexpr double kLogitTolerance = 1e-3, kBoxTolerance = 2e-4, kLossTolerance = 1e-3, kGradientTolerance = 1e-2;

const std::string kModel = SourceTree() + "/models/demo";

// The first call of LibTorch in this process, as OpenDevice wants it.
const absl::StatusOr<at::Device>& Gpu() {
  static const absl::StatusOr<at::Device> device = OpenDevice("cuda");
  return device;
}

void Note(const std::string& stage, double difference) {
  if (std::getenv("LQVG_PARITY_REPORT") != nullptr) std::printf("%-22s %.2e\n", stage.c_str(), difference);
}

class CudaTest : public testing::Test {
 protected:
  void SetUp() override {
    if (Gpu().ok()) return;
    if (std::getenv("LQVG_REQUIRE_GPU") != nullptr) FAIL() << Gpu().status();
    GTEST_SKIP() << "not measured: no GPU (" << Gpu().status().message() << ")";
  }
};

// Pictures of noise with two phrases each, one of them about nothing; the same for every device.
class NoiseSamples final : public train::SampleSource {
 public:
  explicit NoiseSamples(int side) : side_(side) {}

  absl::StatusOr<train::Sample> Make(std::uint64_t index) const override {
    std::mt19937 random(static_cast<unsigned>(index));
    train::Sample sample;
    sample.canvas = {
        side_, std::vector<std::uint8_t>(static_cast<std::size_t>(side_) * side_ * 3), {side_, side_, 1.0, 0.0, 0.0}};
    for (std::uint8_t& byte : sample.canvas.rgb) byte = static_cast<std::uint8_t>(random());
    const float at = 0.3f + 0.1f * static_cast<float>(index % 4);
    sample.phrases = {{{{0, 10, 20, 30, 2}}, {at, 0.4f, 0.2f, 0.3f}, true, {}}, {{{0, 40, 2}}, {}, false, {}}};
    return sample;
  }

 private:
  const int side_;
};

Proposals Answer(at::Device device) {
  const c10::InferenceMode inference;
  const auto network = LoadNetwork(kModel, device).value();
  const int side = network->architecture.input_size;
  std::vector<train::Sample> samples;
  for (std::uint64_t i = 0; i < 2; ++i) samples.push_back(NoiseSamples(side).Make(i).value());
  const train::Batch batch = train::Collate(samples, network->architecture.text_encoder.pad_token_id, device);
  ImageLevels image = Forward(network->image_encoder, batch.canvases);
  image.tokens = image.tokens.index_select(0, batch.picture);
  return Ground(*network, image, Forward(network->text_encoder, batch.token_ids, batch.valid));
}

TEST_F(CudaTest, AnswersAsTheCpuDoes) {
  const Proposals here = Answer(at::kCPU), there = Answer(*Gpu());
  ASSERT_EQ(there.logits.device(), *Gpu());
  const double logits = (there.logits.cpu() - here.logits).abs().max().item<double>();
  const double boxes = (there.boxes.cpu() - here.boxes).abs().max().item<double>();
  Note("logits (absolute)", logits);
  Note("boxes (absolute)", boxes);
  EXPECT_LE(logits, kLogitTolerance);
  EXPECT_LE(boxes, kBoxTolerance);
}

struct FirstStep {
  train::StepReport report;
  at::Tensor gradient;  // all parameters' clipped gradients in one row, times 1 - beta1
};

FirstStep Learn(at::Device device) {
  train::Recipe recipe;
  recipe.model_dir = kModel;
  recipe.from_scratch = false;
  recipe.batch_norms = "trained";
  recipe.pictures_per_step = 2;
  const NoiseSamples source(ReadArchitecture(kModel + "/config.json")->input_size);
  const std::unique_ptr<train::Trainer> trainer = train::Trainer::Create(recipe, source, device).value();
  FirstStep step{trainer->Step().value(), {}};

  const TemporaryFolder folder;
  EXPECT_TRUE(trainer->Save(folder.Path("checkpoint")).ok());
  const std::shared_ptr<const Safetensors> saved = Safetensors::Open(folder.Path("checkpoint")).value();
  std::vector<at::Tensor> moments;
  for (const auto& [name, tensor] : saved->tensors()) {
    if (!name.starts_with("first.")) continue;
    moments.push_back(at::from_blob(const_cast<std::byte*>(tensor.data.data()), tensor.shape, at::kFloat).flatten());
  }
  step.gradient = at::cat(moments).to(at::kDouble);
  return step;
}

TEST_F(CudaTest, LearnsAsTheCpuDoes) {
  const FirstStep here = Learn(at::kCPU), there = Learn(*Gpu());
  const double gradient = ((there.gradient - here.gradient).norm() / here.gradient.norm()).item<double>();
  Note("loss (relative)", std::abs(there.report.total / here.report.total - 1));
  Note("gradient (relative)", gradient);
  EXPECT_NEAR(there.report.total, here.report.total, kLossTolerance * here.report.total);
  EXPECT_NEAR(there.report.gradient_norm, here.report.gradient_norm, kGradientTolerance * here.report.gradient_norm);
  EXPECT_LE(gradient, kGradientTolerance);
}

}  // namespace
}  // namespace lqvg
