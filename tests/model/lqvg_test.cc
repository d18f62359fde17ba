// The model behind its door, on the small directory in models/demo: what serving relies on.
#include "model/lqvg.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "model/network.h"
#include "tests/support/source_tree.h"
#include "tests/support/temporary_folder.h"

namespace lqvg {
namespace {

using ::testing::HasSubstr;

const std::string kModel = SourceTree() + "/models/demo";

Canvas RandomCanvas(int side, unsigned seed) {
  std::mt19937 random(seed);
  Canvas canvas{
      side, std::vector<std::uint8_t>(static_cast<std::size_t>(side) * side * 3), {side, side, 1.0, 0.0, 0.0}};
  for (std::uint8_t& byte : canvas.rgb) byte = static_cast<std::uint8_t>(random());
  return canvas;
}

// Everything one picture and one expression alone give.
Grounding GroundAlone(Grounder& model, const Canvas& canvas, const Expression& expression) {
  const Canvas* canvases[] = {&canvas};
  const Expression* expressions[] = {&expression};
  const auto image = *model.EncodeImages(canvases);
  const auto text = *model.EncodeTexts(expressions);
  const GroundingPair pairs[] = {{image[0].get(), text[0].get()}};
  return model.Ground(pairs)->groundings[0];
}

class LqvgTest : public testing::Test {
 protected:
  void SetUp() override {
    auto loaded = LoadLqvg({.model_dir = kModel});
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    model_ = *std::move(loaded);
  }
  std::unique_ptr<Grounder> model_;
};

TEST_F(LqvgTest, SaysWhatItIs) {
  const ModelInfo& info = model_->info();
  EXPECT_EQ(info.name, "demo");
  EXPECT_EQ(info.digest.size(), 64u);
  EXPECT_EQ(info.device, "cpu");
  EXPECT_EQ(info.precision, "fp32");
  EXPECT_GT(info.num_queries, 0);
  EXPECT_GT(info.max_tokens, 2);
}

TEST_F(LqvgTest, CompanyDoesNotChangeAnAnswer) {
  const int side = model_->info().input_size;
  const Canvas canvases[] = {RandomCanvas(side, 1), RandomCanvas(side, 2)};
  const Expression expressions[] = {{{0, 10, 2}}, {{0, 20, 30, 40, 50, 60, 2}}, {{0, 7, 8, 2}}};
  const Canvas* canvas_list[] = {&canvases[0], &canvases[1]};
  const Expression* expression_list[] = {&expressions[0], &expressions[1], &expressions[2]};
  const auto images = *model_->EncodeImages(canvas_list);
  const auto texts = *model_->EncodeTexts(expression_list);
  const int picture[] = {0, 1, 0, 1}, words[] = {0, 1, 2, 2};
  std::vector<GroundingPair> pairs;
  for (int i = 0; i < 4; ++i) pairs.push_back({images[picture[i]].get(), texts[words[i]].get()});
  const auto batch = model_->Ground(pairs);
  ASSERT_TRUE(batch.ok()) << batch.status();
  ASSERT_EQ(batch->groundings.size(), 4u);
  for (int i = 0; i < 4; ++i) {
    const Grounding alone = GroundAlone(*model_, canvases[picture[i]], expressions[words[i]]);
    for (std::size_t q = 0; q < alone.candidates.size(); ++q) {
      EXPECT_EQ(batch->groundings[i].candidates[q].logit, alone.candidates[q].logit);  // to the last bit on a CPU
      EXPECT_EQ(batch->groundings[i].candidates[q].cxcywh, alone.candidates[q].cxcywh);
    }
  }
}

// What a GPU will run: one tensor batch of different pictures and padded expressions of different lengths.
TEST_F(LqvgTest, ATensorBatchGivesWhatSingleRequestsGive) {
  const c10::InferenceMode inference;
  const auto network = *LoadNetwork(kModel, at::kCPU);
  const int side = model_->info().input_size;
  const Canvas canvases[] = {RandomCanvas(side, 3), RandomCanvas(side, 4)};
  const Expression expressions[] = {{{0, 11, 12, 2}}, {{0, 21, 22, 23, 24, 25, 26, 27, 2}}};
  const std::int64_t longest = 9;
  const at::Tensor pixels = at::empty({2, side, side, 3}, at::kByte);
  const at::Tensor ids = at::full({2, longest}, network->architecture.text_encoder.pad_token_id, at::kLong);
  const at::Tensor valid = at::zeros({2, longest}, at::kBool);
  for (int i = 0; i < 2; ++i) {
    pixels[i].copy_(at::from_blob(const_cast<std::uint8_t*>(canvases[i].rgb.data()), {side, side, 3}, at::kByte));
    const std::int64_t length = static_cast<std::int64_t>(expressions[i].token_ids.size());
    ids[i].narrow(0, 0, length).copy_(at::tensor(expressions[i].token_ids));
    valid[i].narrow(0, 0, length).fill_(true);
  }
  const Proposals together =
      Ground(*network, Forward(network->image_encoder, pixels), Forward(network->text_encoder, ids, valid));
  for (int i = 0; i < 2; ++i) {
    const Grounding alone = GroundAlone(*model_, canvases[i], expressions[i]);
    for (std::size_t q = 0; q < alone.candidates.size(); ++q) {
      const auto index = static_cast<std::int64_t>(q);
      const double score = 1 / (1 + std::exp(-alone.candidates[q].logit));
      EXPECT_NEAR(at::sigmoid(together.logits[i][index]).item<double>(), score, 1e-5);
      for (int k = 0; k < 4; ++k)
        EXPECT_NEAR(together.boxes[i][index][k].item<double>(), alone.candidates[q].cxcywh[k], 1e-5);
    }
  }
}

TEST_F(LqvgTest, RefusesWhatIsNotTheModelsShape) {
  const Canvas small = RandomCanvas(8, 5);
  const Canvas* canvases[] = {&small};
  EXPECT_EQ(model_->EncodeImages(canvases).status().code(), absl::StatusCode::kInvalidArgument);
  for (const Expression& bad : {Expression{{0}}, Expression{{0, 1'000'000, 2}}, Expression{{0, -1, 2}},
                                Expression{std::vector<std::int32_t>(100'000, 5)}}) {
    const Expression* expressions[] = {&bad};
    EXPECT_EQ(model_->EncodeTexts(expressions).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(LoadLqvgTest, NamesWhatIsMissing) {
  const auto loaded = LoadLqvg({.model_dir = "/nonexistent"});
  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(loaded.status().message()), HasSubstr("/nonexistent/config.json"));
}

TEST(LoadLqvgTest, RefusesAnUnknownDevice) {
  EXPECT_EQ(LoadLqvg({.model_dir = kModel, .device = "tpu"}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(LoadLqvgTest, ACudaDeviceThatIsNotThereIsUnavailable) {
  const auto loaded = LoadLqvg({.model_dir = kModel, .device = "cuda"});
  if (loaded.ok()) GTEST_SKIP() << "there is one";
  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(loaded.status().message()), HasSubstr("device cuda"));
}

TEST(LoadLqvgTest, AConfigurationThatDoesNotFitTheWeightsNamesATensor) {
  const TemporaryFolder folder;
  const std::filesystem::path directory = folder.Path("model");
  std::filesystem::copy(kModel, directory);
  std::ifstream config(kModel + "/config.json");
  std::string text((std::istreambuf_iterator<char>(config)), {});
  text.replace(text.find("\"num_queries\": 10"), 17, "\"num_queries\": 11");
  std::ofstream(directory / "config.json") << text;
  const auto loaded = LoadLqvg({.model_dir = directory.string()});
  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(loaded.status().message()),
              HasSubstr("query_embed.weight has shape [10, 128], must be [11, 128]"));
}

}  // namespace
}  // namespace lqvg
