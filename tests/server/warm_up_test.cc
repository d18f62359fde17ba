#include "server/warm_up.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/fake_grounder.h"

namespace lqvg::serving {
namespace {

// Remembers the shapes that it is run with.
class ObservedGrounder final : public Grounder {
 public:
  const ModelInfo& info() const override { return fake_.info(); }
  absl::StatusOr<std::vector<std::shared_ptr<const ImageFeatures>>> EncodeImages(
      std::span<const Canvas* const> canvases) override {
    for (const Canvas* canvas : canvases) {
      EXPECT_EQ(canvas->side, info().input_size);
      EXPECT_EQ(canvas->rgb.size(), static_cast<std::size_t>(canvas->side * canvas->side * 3));
    }
    images.push_back(static_cast<int>(canvases.size()));
    return fake_.EncodeImages(canvases);
  }
  absl::StatusOr<std::vector<std::shared_ptr<const TextFeatures>>> EncodeTexts(
      std::span<const Expression* const> expressions) override {
    if (!text_status.ok()) return text_status;
    for (const Expression* expression : expressions) tokens.push_back(static_cast<int>(expression->token_ids.size()));
    return fake_.EncodeTexts(expressions);
  }
  absl::StatusOr<GroundingBatch> Ground(std::span<const GroundingPair> pairs) override {
    absl::StatusOr<GroundingBatch> batch = fake_.Ground(pairs);
    if (loses_an_answer) batch->groundings.pop_back();
    return batch;
  }

  std::vector<int> images, tokens;
  absl::Status text_status;
  bool loses_an_answer = false;

 private:
  FakeGrounder fake_;
};

class WarmUpTest : public testing::Test {
 protected:
  WarmUpTest() {
    auto grounder = std::make_unique<ObservedGrounder>();
    grounder_ = grounder.get();
    model_.grounder = std::move(grounder);
    model_.tokenizer = *Tokenizer::Load(LQVG_SOURCE_DIR "/models/demo");
  }

  LoadedModel model_;
  ObservedGrounder* grounder_ = nullptr;
};

TEST_F(WarmUpTest, RunsTheSmallestBatchAndTheLargestShapes) {
  EXPECT_TRUE(WarmUp(model_, 8).ok());
  EXPECT_EQ(grounder_->images, std::vector<int>({1, 8}));
  ASSERT_EQ(grounder_->tokens.size(), 2u);
  EXPECT_LT(grounder_->tokens[0], 8);
  EXPECT_EQ(grounder_->tokens[1], grounder_->info().max_tokens);
}

TEST_F(WarmUpTest, FailsAsTheModelDoes) {
  grounder_->text_status = absl::ResourceExhaustedError("out of memory");
  EXPECT_EQ(WarmUp(model_, 1).message(), "out of memory");
}

TEST_F(WarmUpTest, FailsWhenAnAnswerIsMissing) {
  grounder_->loses_an_answer = true;
  EXPECT_EQ(WarmUp(model_, 1).code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace lqvg::serving
