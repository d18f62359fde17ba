// The image encoder with its batch norms kept, as training has it, against the one with the norms folded in.
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <string>

#include "model/network.h"
#include "tests/support/temporary_folder.h"
#include "tests/train/tiny_model.h"
#include "train/parameters.h"

namespace lqvg::train {
namespace {

class BatchNormTest : public testing::Test {
 protected:
  void SetUp() override {
    const TemporaryFolder folder;
    MakeTinyModel(folder.Path("tiny"));
    architecture_ = *ReadArchitecture(folder.Path("tiny") + "/config.json");
    // Statistics as of a trained model: anything but zero and one.
    (void)MakeTrainingNetwork(parameters_, architecture_, at::kCPU, BatchNorms::kTrained);
    const c10::NoGradGuard no_grad;
    at::manual_seed(1);
    for (const auto& [name, tensor] : parameters_.tensors()) {
      if (name.ends_with(".running_mean")) tensor.normal_(0, 0.2);
      if (name.ends_with(".running_var") || name.find(".bn") != std::string::npos) tensor.uniform_(0.5, 1.5);
    }
    canvases_ = at::randint(0, 256, {2, 128, 128, 3}, at::kByte);
  }

  ImageEncoder Encoder(BatchNorms norms) { return LoadImageEncoder(Scope(parameters_), architecture_, norms); }

  Parameters parameters_{1, 8, at::kCPU, nullptr, {}, {}};
  Architecture architecture_;
  at::Tensor canvases_;
};

TEST_F(BatchNormTest, FrozenGivesWhatFoldedGives) {
  const c10::NoGradGuard no_grad;
  const at::Tensor folded = Forward(Encoder(BatchNorms::kFolded), canvases_).tokens;
  const at::Tensor frozen = Forward(Encoder(BatchNorms::kFrozen), canvases_).tokens;
  EXPECT_LT((folded - frozen).abs().max().item<float>(), 1e-4 * folded.abs().max().item<float>());
}

TEST_F(BatchNormTest, TrainedTakesTheBatchAndMovesTheStatistics) {
  const c10::NoGradGuard no_grad;
  const std::string mean = "backbone.0.body.layer1.0.bn1.running_mean";
  const at::Tensor before = parameters_.tensors().at(mean).clone();
  const at::Tensor frozen = Forward(Encoder(BatchNorms::kFrozen), canvases_).tokens;
  EXPECT_TRUE(at::equal(parameters_.tensors().at(mean), before));
  const at::Tensor trained = Forward(Encoder(BatchNorms::kTrained), canvases_).tokens;
  EXPECT_GT((trained - frozen).abs().max().item<float>(), 0.01);
  EXPECT_FALSE(at::equal(parameters_.tensors().at(mean), before));
}

}  // namespace
}  // namespace lqvg::train
