#include "train/trainer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "model/safetensors.h"
#include "tests/support/temporary_folder.h"
#include "tests/train/tiny_model.h"
#include "train/evaluation.h"
#include "train/scene_samples.h"

namespace lqvg::train {
namespace {

class TrainerTest : public testing::Test {
 protected:
  void SetUp() override {
    recipe_.model_dir = folder_.Path("tiny");
    MakeTinyModel(recipe_.model_dir);
    recipe_.steps = 40;
    recipe_.warm_up_steps = 2;
    recipe_.learning_rate = 2e-3;
    recipe_.pictures_per_step = 2;
    tokenizer_ = *Tokenizer::Load(recipe_.model_dir);
    source_ = std::make_unique<SceneSamples>(
        *tokenizer_, SceneSampleOptions{.seed = 5, .input_size = 128, .expressions = 3, .resized = 0});
  }

  std::unique_ptr<Trainer> Make() {
    auto trainer = Trainer::Create(recipe_, *source_, at::Device(at::kCPU));
    EXPECT_TRUE(trainer.ok()) << trainer.status();
    return *std::move(trainer);
  }

  static std::map<std::string, std::string> BytesOf(const std::string& path) {
    std::map<std::string, std::string> bytes;
    const auto file = *Safetensors::Open(path);
    for (const auto& [name, tensor] : file->tensors()) {
      bytes[name].assign(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size());
    }
    return bytes;
  }

  const TemporaryFolder folder_;
  Recipe recipe_;
  std::unique_ptr<const Tokenizer> tokenizer_;
  std::unique_ptr<SceneSamples> source_;
};

TEST_F(TrainerTest, LossFallsInTwentySteps) {
  const auto trainer = Make();
  double first = 0, last = 0;
  for (int i = 1; i <= 20; ++i) {
    const auto report = trainer->Step();
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->step, i);
    EXPECT_TRUE(std::isfinite(report->gradient_norm));
    if (i <= 5) first += report->total;
    if (i > 15) last += report->total;
  }
  EXPECT_LT(last, 0.93 * first);  // without learning it stays within 2 %
}

class ResumedTest : public TrainerTest, public testing::WithParamInterface<int> {};

TEST_P(ResumedTest, RunEqualsAnUninterruptedOne) {
  recipe_.parts_per_step = GetParam();
  recipe_.batch_norms = recipe_.parts_per_step > 1 ? "frozen" : "trained";
  const auto whole = Make();
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(whole->Step().ok());
  ASSERT_TRUE(whole->Save(folder_.Path("whole.safetensors")).ok());

  const auto begun = Make();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(begun->Step().ok());
  ASSERT_TRUE(begun->Save(folder_.Path("half.safetensors")).ok());
  const auto resumed = Make();
  ASSERT_TRUE(resumed->Load(folder_.Path("half.safetensors")).ok());
  EXPECT_EQ(resumed->step(), 3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(resumed->Step().ok());
  ASSERT_TRUE(resumed->Save(folder_.Path("resumed.safetensors")).ok());

  const auto a = BytesOf(folder_.Path("whole.safetensors")), b = BytesOf(folder_.Path("resumed.safetensors"));
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, bytes] : a) EXPECT_EQ(bytes, b.at(name)) << name;
}

INSTANTIATE_TEST_SUITE_P(Parts, ResumedTest, testing::Values(1, 2));

TEST_F(TrainerTest, StepInPartsIsTheSameStep) {
  recipe_.batch_norms = "frozen";
  recipe_.pictures_per_step = 3;  // one and two
  const auto whole = Make();
  recipe_.parts_per_step = 2;
  const auto parts = Make();
  for (int i = 0; i < 3; ++i) {
    const auto a = whole->Step(), b = parts->Step();
    ASSERT_TRUE(a.ok() && b.ok());
    EXPECT_EQ(a->samples, b->samples);
    EXPECT_NEAR(a->focal, b->focal, 1e-4 * a->focal);
    EXPECT_NEAR(a->l1, b->l1, 1e-4 * a->l1);
    EXPECT_NEAR(a->giou, b->giou, 1e-4 * a->giou);
    EXPECT_NEAR(a->total, b->total, 1e-4 * a->total);
    EXPECT_NEAR(a->gradient_norm, b->gradient_norm, 1e-3 * a->gradient_norm);
  }
}

TEST_F(TrainerTest, FacetsAreLearnedBesideTheModelAndNotExported) {
  recipe_.facets = 0.5;
  const auto trainer = Make();
  double first = 0, last = 0;
  for (int i = 1; i <= 40; ++i) {
    const auto report = trainer->Step();
    ASSERT_TRUE(report.ok()) << report.status();
    if (i <= 10) first += report->facets;
    if (i > 30) last += report->facets;
  }
  EXPECT_LT(last, 0.95 * first);
  ASSERT_TRUE(trainer->Save(folder_.Path("checkpoint.safetensors")).ok());
  EXPECT_TRUE(BytesOf(folder_.Path("checkpoint.safetensors")).contains("parameter.facet_heads.0.facets.weight"));
  ASSERT_TRUE(trainer->Export(folder_.Path("model")).ok());
  EXPECT_TRUE(LoadNetwork(folder_.Path("model"), at::Device(at::kCPU)).ok());  // it refuses what it does not know

  recipe_.from_scratch = false;  // a model directory has no such heads: they begin anew
  recipe_.model_dir = folder_.Path("model");
  EXPECT_TRUE(Make()->Step().ok());
}

TEST_F(TrainerTest, StepsMoveEveryParameterButTheFrozen) {
  recipe_.frozen = {"text_encoder."};
  const auto trainer = Make();
  ASSERT_TRUE(trainer->Save(folder_.Path("before.safetensors")).ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(trainer->Step().ok());
  ASSERT_TRUE(trainer->Save(folder_.Path("after.safetensors")).ok());
  const auto before = BytesOf(folder_.Path("before.safetensors")), after = BytesOf(folder_.Path("after.safetensors"));
  int moved = 0;
  for (const auto& [name, bytes] : before) {
    if (!name.starts_with("parameter.")) continue;
    if (name.starts_with("parameter.text_encoder.")) {
      EXPECT_EQ(bytes, after.at(name)) << name;
    } else {
      moved += bytes != after.at(name);
      EXPECT_NE(bytes, after.at(name)) << name;
    }
  }
  EXPECT_GT(moved, 100);
}

TEST_F(TrainerTest, ExportIsAModelDirectoryThatAnswersAsTheTrainerDoes) {
  const auto trainer = Make();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(trainer->Step().ok());
  ASSERT_TRUE(trainer->Export(folder_.Path("model")).ok());
  const auto network = LoadNetwork(folder_.Path("model"), at::Device(at::kCPU));
  ASSERT_TRUE(network.ok()) << network.status();
  const std::vector<Sample> samples = {*source_->Make(100)};
  const auto mine = BestBoxes(trainer->Exported(), samples), served = BestBoxes(**network, samples);
  for (std::size_t i = 0; i < mine[0].size(); ++i) {
    EXPECT_NEAR(mine[0][i].score, served[0][i].score, 2e-3);  // rounded to fp16
    for (int c = 0; c < 4; ++c) EXPECT_NEAR(mine[0][i].cxcywh[c], served[0][i].cxcywh[c], 2e-3);
  }
}

TEST_F(TrainerTest, FineTuningBeginsFromTheWeightsAndKeepsBatchNorms) {
  const auto first = Make();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(first->Step().ok());
  const std::string model = folder_.Path("model");
  ASSERT_TRUE(first->Export(model).ok());

  recipe_.from_scratch = false;
  recipe_.model_dir = model;
  const auto tuned = Make();
  const std::vector<Sample> samples = {*source_->Make(100)};
  const auto network = LoadNetwork(model, at::Device(at::kCPU));
  const auto before = BestBoxes(**network, samples), begun = BestBoxes(tuned->Exported(), samples);
  EXPECT_EQ(before[0][0].score, begun[0][0].score);
  ASSERT_TRUE(tuned->Save(folder_.Path("before.safetensors")).ok());
  ASSERT_TRUE(tuned->Step().ok());
  ASSERT_TRUE(tuned->Step().ok());
  ASSERT_TRUE(tuned->Save(folder_.Path("after.safetensors")).ok());
  const auto a = BytesOf(folder_.Path("before.safetensors")), b = BytesOf(folder_.Path("after.safetensors"));
  for (const char* name : {"parameter.backbone.0.body.bn1.weight", "parameter.backbone.0.body.bn1.running_mean"}) {
    EXPECT_EQ(a.at(name), b.at(name)) << name;
  }
  EXPECT_NE(a.at("parameter.backbone.0.body.conv1.weight"), b.at("parameter.backbone.0.body.conv1.weight"));
}

TEST_F(TrainerTest, PartsBeginAnewThatTheRecipeNames) {
  const auto trained = Make();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(trained->Step().ok());
  ASSERT_TRUE(trained->Export(folder_.Path("model")).ok());
  recipe_.seed = 2;
  ASSERT_TRUE(Make()->Save(folder_.Path("scratch.safetensors")).ok());

  recipe_.from_scratch = false;
  recipe_.model_dir = folder_.Path("model");
  ASSERT_TRUE(Make()->Save(folder_.Path("all.safetensors")).ok());
  recipe_.begin_anew = {"poolout_module"};
  ASSERT_TRUE(Make()->Save(folder_.Path("anew.safetensors")).ok());
  const auto all = BytesOf(folder_.Path("all.safetensors")), anew = BytesOf(folder_.Path("anew.safetensors"));
  const auto scratch = BytesOf(folder_.Path("scratch.safetensors"));
  const std::string pooler = "parameter.poolout_module.dense.weight", other = "parameter.resizer.fc.weight";
  EXPECT_EQ(anew.at(pooler), scratch.at(pooler));
  EXPECT_NE(anew.at(pooler), all.at(pooler));
  EXPECT_EQ(anew.at(other), all.at(other));
  EXPECT_NE(anew.at(other), scratch.at(other));
}

TEST_F(TrainerTest, RefusesACheckpointOfAnotherModel) {
  const auto trainer = Make();
  ASSERT_TRUE(trainer->Export(folder_.Path("model")).ok());
  const absl::Status status = trainer->Load(folder_.Path("model/model.safetensors"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find("not a checkpoint"), std::string::npos) << status;
}

TEST_F(TrainerTest, RefusesWeightsOfAnotherShape) {
  const auto trainer = Make();
  ASSERT_TRUE(trainer->Export(folder_.Path("model")).ok());
  recipe_.from_scratch = false;
  recipe_.model_dir = folder_.Path("model");
  std::filesystem::copy_file(LQVG_SOURCE_DIR "/models/demo/config.json", recipe_.model_dir + "/config.json",
                             std::filesystem::copy_options::overwrite_existing);
  const auto other = Trainer::Create(recipe_, *source_, at::Device(at::kCPU));
  ASSERT_FALSE(other.ok());
  EXPECT_NE(std::string(other.status().message()).find("tensor backbone.0.body"), std::string::npos) << other.status();
}

TEST_F(TrainerTest, MixedPrecisionLearnsNearlyTheSame) {
  const auto exact = Make();
  recipe_.precision = "bf16";
  const auto mixed = Make();
  for (int i = 0; i < 3; ++i) {
    const auto a = exact->Step(), b = mixed->Step();
    ASSERT_TRUE(a.ok() && b.ok());
    // The same weights at first; after that the paths part, by 8 bits of mantissa a step.
    EXPECT_NEAR(a->total, b->total, (i == 0 ? 0.01 : 0.05) * a->total);
    EXPECT_NE(a->total, b->total);
  }
}

// Which of the two it is depends on the processor.
TEST_F(TrainerTest, AutoIsOneOfThePrecisions) {
  const auto first_loss = [this](const char* precision) {
    recipe_.precision = precision;
    return Make()->Step()->total;
  };
  const double chosen = first_loss("auto"), exact = first_loss("fp32"), mixed = first_loss("bf16");
  EXPECT_NE(exact, mixed);
  EXPECT_TRUE(chosen == exact || chosen == mixed);
}

}  // namespace
}  // namespace lqvg::train
