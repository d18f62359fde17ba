#include "train/samples.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "image/png_writer.h"
#include "tests/support/temporary_folder.h"
#include "train/batch.h"
#include "train/list_samples.h"
#include "train/scene_samples.h"

namespace lqvg::train {
namespace {

std::unique_ptr<const Tokenizer> DemoTokenizer() { return *Tokenizer::Load(LQVG_SOURCE_DIR "/models/demo"); }

TEST(ToCanvas, PutsABoxWhereThePictureLies) {
  const Placement placement = {.image_width = 200, .image_height = 100, .ratio = 0.5, .pad_left = 0, .pad_top = 25};
  const auto box = ToCanvas({0, 0, 200, 100}, placement, 100);
  EXPECT_FLOAT_EQ(box[0], 0.5f);
  EXPECT_FLOAT_EQ(box[1], 0.5f);
  EXPECT_FLOAT_EQ(box[2], 1.0f);
  EXPECT_FLOAT_EQ(box[3], 0.5f);
}

TEST(SceneSamples, AreAFunctionOfTheirIndex) {
  const auto tokenizer = DemoTokenizer();
  const SceneSamples source(*tokenizer, {.seed = 3, .input_size = 192});
  const auto a = source.Make(7), again = source.Make(7), other = source.Make(8);
  ASSERT_TRUE(a.ok()) << a.status();
  EXPECT_EQ(a->canvas.rgb, again->canvas.rgb);
  EXPECT_NE(a->canvas.rgb, other->canvas.rgb);
  EXPECT_EQ(a->phrases[0].expression.token_ids, again->phrases[0].expression.token_ids);
  const SceneSamples elsewhere(*tokenizer, {.seed = 4, .input_size = 192});
  EXPECT_NE(a->canvas.rgb, elsewhere.Make(7)->canvas.rgb);
}

TEST(SceneSamples, BoxesLieOnTheCanvasAndPicturesAreOfManySizes) {
  const auto tokenizer = DemoTokenizer();
  const SceneSamples source(*tokenizer, {.seed = 3, .input_size = 192, .resized = 0.5});
  std::set<int> widths;
  int absent = 0, phrases = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {
    const auto described = source.Describe(i);
    ASSERT_TRUE(described.ok());
    widths.insert(described->scene.width);
    for (const Phrase& phrase : described->sample.phrases) {
      ++phrases;
      absent += !phrase.present;
      if (!phrase.present) continue;
      const auto& b = phrase.cxcywh;
      EXPECT_GE(b[0] - b[2] / 2, 0);
      EXPECT_LE(b[0] + b[2] / 2, 1);
      EXPECT_GE(b[1] - b[3] / 2, 0);
      EXPECT_LE(b[1] + b[3] / 2, 1);
    }
  }
  EXPECT_GT(widths.size(), 8u);
  EXPECT_NEAR(static_cast<double>(absent) / phrases, 0.25, 0.1);
}

TEST(SceneSamples, TellWhatIsMeantFirstOfWhatIsMentioned) {
  const auto tokenizer = DemoTokenizer();
  const SceneSamples source(*tokenizer, {.seed = 3, .input_size = 192, .resized = 0.5});
  const auto is = [](const Mentioned& mentioned, scenes::Facet facet) {
    return mentioned.facets[static_cast<std::size_t>(facet)] == scenes::Truth::kYes;
  };
  int others = 0, landmarks = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {
    const auto sample = source.Make(i);
    ASSERT_TRUE(sample.ok());
    for (const Phrase& phrase : sample->phrases) {
      std::set<std::array<float, 4>> boxes;
      for (const Mentioned& mentioned : phrase.mentioned) {
        EXPECT_TRUE(is(mentioned, scenes::Facet::kKind) || is(mentioned, scenes::Facet::kLandmark));
        EXPECT_TRUE(boxes.insert(mentioned.cxcywh).second) << "mentioned twice";
        landmarks += !is(mentioned, scenes::Facet::kKind);
      }
      if (!phrase.present) continue;
      ASSERT_FALSE(phrase.mentioned.empty());
      EXPECT_EQ(phrase.mentioned.front().cxcywh, phrase.cxcywh);
      EXPECT_TRUE(is(phrase.mentioned.front(), scenes::Facet::kKind));
      others += static_cast<int>(phrase.mentioned.size()) - 1;
    }
  }
  EXPECT_GT(others, 50);
  EXPECT_GT(landmarks, 20);
}

TEST(Collate, PadsRowsAndTellsWhichPictureEachIsAbout) {
  Sample one, two;
  one.canvas = {2, std::vector<std::uint8_t>(12, 7), {}};
  two.canvas = {2, std::vector<std::uint8_t>(12, 9), {}};
  scenes::Facets facets;
  facets.fill(scenes::Truth::kBorderline);
  facets[0] = scenes::Truth::kYes, facets[1] = scenes::Truth::kNo;
  one.phrases = {{{{0, 5, 2}}, {0.1f, 0.2f, 0.3f, 0.4f}, true, {}}};
  two.phrases = {{{{0, 2}}, {}, false, {{{0.6f, 0.7f, 0.1f, 0.1f}, facets}, {{0.8f, 0.7f, 0.1f, 0.1f}, facets}}},
                 {{{0, 1, 6, 2}}, {0.5f, 0.5f, 0.1f, 0.1f}, true, {{{0.5f, 0.5f, 0.1f, 0.1f}, facets}}}};
  const Batch batch = Collate(std::vector<Sample>{one, two}, /*pad=*/1, at::Device(at::kCPU));
  EXPECT_TRUE(at::equal(batch.picture, at::tensor({0, 1, 1}, at::kLong)));
  EXPECT_TRUE(at::equal(batch.token_ids, at::tensor({0, 5, 2, 1, 0, 2, 1, 1, 0, 1, 6, 2}, at::kLong).view({3, 4})));
  // A padding token that the text itself spells is not padding.
  EXPECT_TRUE(at::equal(batch.valid.sum(1), at::tensor({3, 2, 4}, at::kLong)));
  EXPECT_TRUE(at::equal(batch.targets.present, at::tensor({1, 0, 1}).to(at::kBool)));
  EXPECT_EQ(batch.canvases[1][0][0][0].item<int>(), 9);
  EXPECT_FLOAT_EQ(batch.targets.boxes[0][3].item<float>(), 0.4f);
  EXPECT_TRUE(at::equal(batch.mentions.valid, at::tensor({0, 0, 1, 1, 1, 0}).to(at::kBool).view({3, 2})));
  EXPECT_FLOAT_EQ(batch.mentions.boxes[1][1][0].item<float>(), 0.8f);
  const at::Tensor known = batch.mentions.facets[2][0];
  EXPECT_TRUE(at::equal(known.narrow(0, 0, 3), at::tensor({1.0f, 0.0f, -1.0f})));
}

TEST(BatchStream, GivesTheSameBatchesInAnyOrder) {
  const auto tokenizer = DemoTokenizer();
  const SceneSamples source(*tokenizer, {.seed = 3, .input_size = 128, .resized = 0});
  BatchStream ahead(source, 2, /*parts=*/1, 1, at::Device(at::kCPU)), late(source, 2, 1, 1, at::Device(at::kCPU));
  ASSERT_TRUE(ahead.Take(0).ok());
  const auto a = ahead.Take(1), b = late.Take(1);
  ASSERT_TRUE(a.ok() && b.ok());
  ASSERT_EQ(a->size(), 1u);
  EXPECT_TRUE(at::equal(a->front().canvases, b->front().canvases));
  EXPECT_TRUE(at::equal(a->front().targets.boxes, b->front().targets.boxes));
}

TEST(BatchStream, SharesThePicturesOfAStepOut) {
  const auto tokenizer = DemoTokenizer();
  const SceneSamples source(*tokenizer, {.seed = 3, .input_size = 128, .resized = 0});
  const auto whole = BatchStream(source, 3, /*parts=*/1, 1, at::Device(at::kCPU)).Take(1);
  const auto parts = BatchStream(source, 3, /*parts=*/2, 1, at::Device(at::kCPU)).Take(1);
  ASSERT_TRUE(whole.ok() && parts.ok());
  ASSERT_EQ(parts->size(), 2u);
  EXPECT_TRUE(at::equal(at::cat({(*parts)[0].canvases, (*parts)[1].canvases}), whole->front().canvases));
  EXPECT_TRUE(at::equal(at::cat({(*parts)[0].targets.boxes, (*parts)[1].targets.boxes}), whole->front().targets.boxes));
  EXPECT_EQ((*parts)[1].picture.min().item<int>(), 0) << "counted from the part's first picture";
}

class ListTest : public testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 3; ++i) {
      Image image{100, 50, std::vector<std::uint8_t>(100 * 50 * 3, static_cast<std::uint8_t>(40 * i))};
      const auto png = *EncodePng(image);
      folder_.Write(std::to_string(i) + ".png", std::string(png.begin(), png.end()));
      set_.annotations.push_back({std::to_string(i) + ".png", {10, 10, 30, 20}, "a ship", ""});
      set_.annotations.push_back({std::to_string(i) + ".png", {50, 10, 90, 40}, "a larger ship", ""});
    }
  }
  ListSampleOptions Options() const { return {.pictures = folder_.Path("."), .input_size = 100, .expressions = 4}; }

  const TemporaryFolder folder_;
  datasets::AnnotationSet set_;
  std::unique_ptr<const Tokenizer> tokenizer_ = DemoTokenizer();
};

TEST_F(ListTest, APictureComesWithAllOfItsExpressions) {
  auto options = Options();
  options.shuffled = false;
  const auto source = ListSamples::Create(set_, *tokenizer_, 100, options);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->pictures(), 3u);
  const auto sample = (*source)->Make(1);
  ASSERT_TRUE(sample.ok()) << sample.status();
  ASSERT_EQ(sample->phrases.size(), 2u);
  EXPECT_EQ(sample->canvas.rgb[(50 * 100 + 50) * 3], 40);
  EXPECT_FLOAT_EQ(sample->phrases[0].cxcywh[0], 0.2f);
  EXPECT_FLOAT_EQ(sample->phrases[0].cxcywh[1], 0.4f);  // 25 rows of border above
  EXPECT_FLOAT_EQ(sample->phrases[1].cxcywh[2], 0.4f);
}

TEST_F(ListTest, EveryTurnHoldsEveryPictureOnce) {
  const auto source = ListSamples::Create(set_, *tokenizer_, 100, Options());
  std::set<std::vector<int>> orders;
  for (std::uint64_t turn = 0; turn < 12; ++turn) {
    std::vector<int> order;
    for (std::uint64_t i = 0; i < 3; ++i)
      order.push_back((*source)->Make(turn * 3 + i)->canvas.rgb[(50 * 100 + 50) * 3]);
    orders.insert(order);
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, (std::vector<int>{0, 40, 80}));
  }
  EXPECT_GT(orders.size(), 2u);
}

TEST_F(ListTest, FaultsNameTheFile) {
  set_.annotations.push_back({"missing.png", {0, 0, 1, 1}, "a ship", ""});
  auto options = Options();
  options.shuffled = false;
  const auto source = ListSamples::Create(set_, *tokenizer_, 100, options);
  const absl::Status missing = (*source)->Make(3).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(std::string(missing.message()).find("missing.png"), std::string::npos);
  folder_.Write("missing.png", "no picture");
  EXPECT_NE(std::string((*source)->Make(3).status().message()).find("missing.png"), std::string::npos);

  const absl::Status too_long = ListSamples::Create(set_, *tokenizer_, 3, options).status();
  EXPECT_EQ(too_long.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(too_long.message()).find("0.png: an expression of"), std::string::npos) << too_long;
  EXPECT_FALSE(ListSamples::Create({}, *tokenizer_, 3, options).ok());
}

}  // namespace
}  // namespace lqvg::train
