// The canvas is bit-equal to what the official code fed its network, and boxes come back to the same picture pixels.
// The parity cases in tests/reference/cases hold samples of the official network input and the official boxes.
#include "model/letterbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "image/image_decoder.h"
#include "tests/support/read_file.h"
#include "tests/support/safetensors_reader.h"

namespace lqvg {
namespace {

const std::string kCases = LQVG_SOURCE_DIR "/tests/reference/cases/";

Image UniformImage(int width, int height, std::uint8_t value) {
  Image image{width, height, {}};
  image.rgb.assign(image.ByteCount(), value);
  return image;
}

Candidate CandidateAt(float cx, float cy, float width, float height, float logit = 0.0f) {
  return {logit, {cx, cy, width, height}};
}

std::array<int, 3> PixelAt(const Canvas& canvas, int x, int y) {
  const std::size_t at = (static_cast<std::size_t>(y) * static_cast<std::size_t>(canvas.side) + x) * 3;
  return {canvas.rgb[at], canvas.rgb[at + 1], canvas.rgb[at + 2]};
}

constexpr std::array<int, 3> kBorderColour = {124, 116, 104};

struct ParityCase {
  nlohmann::json description;
  Canvas canvas;
  SafetensorsReader reference;
};

std::vector<ParityCase> ParityCases() {
  std::vector<ParityCase> cases;
  std::ifstream file(kCases + "cases.json");
  for (const nlohmann::json& description : nlohmann::json::parse(file)) {
    // value() throws, and so fails the test, when there is none.
    const DecodedImage picture =
        DecodeImage(ReadFile(kCases + description.at("image").get<std::string>()), DecodeOptions()).value();
    Canvas canvas = Letterbox(picture.image, description.at("input_size")).value();
    const std::string name = description.at("case").get<std::string>();
    cases.push_back({description, std::move(canvas), SafetensorsReader(kCases + name + ".safetensors")});
  }
  EXPECT_FALSE(cases.empty());
  return cases;
}

// The 8-bit sample that became `value` of channel `channel` in the network's input.
int Unnormalised(float value, std::size_t channel) {
  constexpr double kMean[] = {0.485, 0.456, 0.406};
  constexpr double kDeviation[] = {0.229, 0.224, 0.225};
  const double sample = (value * kDeviation[channel] + kMean[channel]) * 255.0;
  EXPECT_NEAR(sample, std::round(sample), 1e-3);
  return static_cast<int>(std::lround(sample));
}

TEST(LetterboxTest, TheCanvasIsBitEqualToTheOfficialNetworkInput) {
  for (const ParityCase& parity : ParityCases()) {
    SCOPED_TRACE(parity.description.at("case"));
    const std::vector<std::int64_t> indices = parity.reference.Ints("probe.input.index");
    const std::vector<float> values = parity.reference.Floats("probe.input.value");
    const std::size_t plane = static_cast<std::size_t>(parity.canvas.side) * parity.canvas.side;
    int different = 0;
    for (std::size_t i = 0; i < indices.size(); ++i) {
      const std::size_t index = static_cast<std::size_t>(indices[i]);  // into [3, side, side]
      const std::size_t channel = index / plane;
      different += parity.canvas.rgb[index % plane * 3 + channel] != Unnormalised(values[i], channel);
    }
    EXPECT_EQ(indices.size(), 2048u);
    EXPECT_EQ(different, 0);
  }
}

TEST(LetterboxTest, ThePlacementIsTheOfficialOne) {
  for (const ParityCase& parity : ParityCases()) {
    SCOPED_TRACE(parity.description.at("case"));
    EXPECT_EQ(parity.canvas.placement.ratio, parity.description.at("ratio"));
    EXPECT_EQ(parity.canvas.placement.pad_left, parity.description.at("pad_left"));
    EXPECT_EQ(parity.canvas.placement.pad_top, parity.description.at("pad_top"));
    EXPECT_EQ(parity.canvas.placement.image_width, parity.description.at("width"));
    EXPECT_EQ(parity.canvas.placement.image_height, parity.description.at("height"));
  }
}

TEST(LetterboxTest, BoxesComeBackWhereTheOfficialCodePutsThem) {
  for (const ParityCase& parity : ParityCases()) {
    SCOPED_TRACE(parity.description.at("case"));
    const std::vector<float> on_canvas = parity.reference.Floats("boxes_cxcywh");
    const std::vector<float> in_picture = parity.reference.Floats("boxes_image_xyxy");
    for (std::size_t i = 0; i < on_canvas.size(); i += 4) {
      const Box box = ToPicture(CandidateAt(on_canvas[i], on_canvas[i + 1], on_canvas[i + 2], on_canvas[i + 3]),
                                parity.canvas.placement, parity.canvas.side);
      // The official code computes in float32 throughout.
      EXPECT_NEAR(box.x_min, in_picture[i], 2e-3);
      EXPECT_NEAR(box.y_min, in_picture[i + 1], 2e-3);
      EXPECT_NEAR(box.x_max, in_picture[i + 2], 2e-3);
      EXPECT_NEAR(box.y_max, in_picture[i + 3], 2e-3);
    }
  }
}

TEST(LetterboxTest, TheBestAnswerIsTheOfficialOne) {
  for (const ParityCase& parity : ParityCases()) {
    SCOPED_TRACE(parity.description.at("case"));
    const std::vector<float> logits = parity.reference.Floats("logits");
    const std::vector<float> boxes = parity.reference.Floats("boxes_cxcywh");
    Grounding grounding;
    for (std::size_t q = 0; q < logits.size(); ++q) {
      grounding.candidates.push_back(
          CandidateAt(boxes[4 * q], boxes[4 * q + 1], boxes[4 * q + 2], boxes[4 * q + 3], logits[q]));
    }
    const std::vector<Box> answer = Answer(grounding, parity.canvas.placement, parity.canvas.side, AnswerOptions());
    ASSERT_EQ(answer.size(), 1u);
    EXPECT_NEAR(answer[0].score, parity.description.at("score").get<double>(), 1e-6);
    EXPECT_NEAR(answer[0].x_min, parity.description.at("box_xyxy").at(0).get<double>(), 2e-3);
    EXPECT_NEAR(answer[0].y_max, parity.description.at("box_xyxy").at(3).get<double>(), 2e-3);
  }
}

TEST(LetterboxTest, TheBorderIsTheRoundedMeanAndThePictureIsNotMixedWithIt) {
  const absl::StatusOr<Canvas> canvas = Letterbox(UniformImage(100, 50, 7), 64);
  ASSERT_TRUE(canvas.ok());
  EXPECT_EQ(PixelAt(*canvas, 0, 15), kBorderColour);
  EXPECT_EQ(PixelAt(*canvas, 63, 48), kBorderColour);
  EXPECT_EQ(PixelAt(*canvas, 0, 16), (std::array<int, 3>{7, 7, 7}));
  EXPECT_EQ(PixelAt(*canvas, 63, 47), (std::array<int, 3>{7, 7, 7}));
}

TEST(LetterboxTest, OddPaddingPutsItsExtraPixelAtTheEnd) {
  const absl::StatusOr<Canvas> canvas = Letterbox(UniformImage(64, 31, 7), 64);
  ASSERT_TRUE(canvas.ok());
  EXPECT_EQ(canvas->placement.pad_top, 16.5);
  EXPECT_EQ(PixelAt(*canvas, 0, 15), kBorderColour);
  EXPECT_EQ(PixelAt(*canvas, 0, 16), (std::array<int, 3>{7, 7, 7}));
  EXPECT_EQ(PixelAt(*canvas, 0, 46), (std::array<int, 3>{7, 7, 7}));
  EXPECT_EQ(PixelAt(*canvas, 0, 47), kBorderColour);
}

TEST(LetterboxTest, SidesRoundHalvesToEvenAsPythonDoes) {
  // 32 / 64 = 0.5: 21 * 0.5 = 10.5 -> 10 and 23 * 0.5 = 11.5 -> 12.
  const absl::StatusOr<Canvas> down = Letterbox(UniformImage(64, 21, 7), 32);
  const absl::StatusOr<Canvas> up = Letterbox(UniformImage(64, 23, 7), 32);
  ASSERT_TRUE(down.ok() && up.ok());
  EXPECT_EQ(down->placement.pad_top, (32 - 10) / 2.0);
  EXPECT_EQ(up->placement.pad_top, (32 - 12) / 2.0);
}

TEST(LetterboxTest, APictureOfTheRightSizeIsCopied) {
  Image image = UniformImage(48, 48, 0);
  std::mt19937 random(1);
  for (std::uint8_t& sample : image.rgb) sample = static_cast<std::uint8_t>(random());
  const absl::StatusOr<Canvas> canvas = Letterbox(image, 48);
  ASSERT_TRUE(canvas.ok());
  EXPECT_EQ(canvas->rgb, image.rgb);
}

TEST(LetterboxTest, AnExtremeAspectKeepsAtLeastOnePixel) {
  for (const auto& [width, height] : {std::pair{16384, 16}, std::pair{16, 16384}, std::pair{5000, 1}}) {
    const absl::StatusOr<Canvas> canvas = Letterbox(UniformImage(width, height, 7), 64);
    ASSERT_TRUE(canvas.ok()) << width << " x " << height;
    EXPECT_THAT(canvas->rgb, testing::Contains(7)) << width << " x " << height;
  }
}

TEST(LetterboxTest, APictureWithoutItsPixelsIsRefused) {
  EXPECT_FALSE(Letterbox(Image(), 64).ok());
  EXPECT_FALSE(Letterbox(Image{8, 8, std::vector<std::uint8_t>(8 * 8 * 3 - 1)}, 64).ok());
  EXPECT_FALSE(Letterbox(UniformImage(8, 8, 7), 0).ok());
}

TEST(LetterboxTest, ABoxThatIsPlacedOnTheCanvasComesBackToThePicture) {
  std::mt19937 random(2);
  std::uniform_int_distribution<int> side_of(1, 400);
  std::uniform_real_distribution<double> place(-0.2, 1.2);
  for (int round = 0; round < 200; ++round) {
    const int width = side_of(random);
    const int height = side_of(random);
    const absl::StatusOr<Canvas> canvas = Letterbox(UniformImage(width, height, 7), 128);
    ASSERT_TRUE(canvas.ok());
    const Placement& placed = canvas->placement;
    const double x_min = place(random) * width, x_max = place(random) * width;
    const double y_min = place(random) * height, y_max = place(random) * height;
    const auto on_canvas = [&](double pixel, double pad) { return (pixel * placed.ratio + pad) / 128; };
    const double left = on_canvas(x_min, placed.pad_left), right = on_canvas(x_max, placed.pad_left);
    const double top = on_canvas(y_min, placed.pad_top), bottom = on_canvas(y_max, placed.pad_top);
    const Box box =
        ToPicture(CandidateAt(static_cast<float>((left + right) / 2), static_cast<float>((top + bottom) / 2),
                              static_cast<float>(right - left), static_cast<float>(bottom - top)),
                  placed, 128);
    const double tolerance = 1e-6 * std::max(width, height);
    EXPECT_NEAR(box.x_min, x_min, tolerance);
    EXPECT_NEAR(box.x_max, x_max, tolerance);
    EXPECT_NEAR(box.y_min, y_min, tolerance);
    EXPECT_NEAR(box.y_max, y_max, tolerance);
  }
}

// A placement in which canvas and picture pixels are the same.
Placement Identity(int side) { return {side, side, 1.0, 0.0, 0.0}; }

std::vector<float> Scores(const std::vector<Box>& boxes) {
  std::vector<float> scores;
  for (const Box& box : boxes) scores.push_back(box.score);
  return scores;
}

TEST(AnswerTest, BoxesAreSortedBestFirstAndCut) {
  const Grounding grounding = {{CandidateAt(0.5f, 0.5f, 0.1f, 0.1f, -1.0f), CandidateAt(0.5f, 0.5f, 0.2f, 0.1f, 2.0f),
                                CandidateAt(0.5f, 0.5f, 0.3f, 0.1f, 0.0f)}};
  const std::vector<Box> boxes = Answer(grounding, Identity(100), 100, {.max_boxes = 2});
  ASSERT_EQ(boxes.size(), 2u);
  EXPECT_NEAR(boxes[0].score, 1 / (1 + std::exp(-2.0)), 1e-7);
  EXPECT_EQ(boxes[1].score, 0.5f);
  EXPECT_NEAR(boxes[0].x_max - boxes[0].x_min, 20.0f, 1e-4);
}

TEST(AnswerTest, EqualScoresKeepTheOrderOfTheQueries) {
  Grounding grounding;
  for (int i = 0; i < 20; ++i) grounding.candidates.push_back(CandidateAt(0.5f, 0.5f, 0.01f * i, 0.1f, 40.0f + i % 3));
  const std::vector<Box> boxes = Answer(grounding, Identity(100), 100, {.max_boxes = 20});
  for (std::size_t i = 0; i + 1 < boxes.size(); ++i) {
    EXPECT_LT(boxes[i].x_max - boxes[i].x_min, boxes[i + 1].x_max - boxes[i + 1].x_min);
  }
}

TEST(AnswerTest, TheMinimumScoreIsInclusiveAndAppliesBeforeTheCut) {
  const Grounding grounding = {{CandidateAt(0.5f, 0.5f, 0.1f, 0.1f, -1.0f), CandidateAt(0.5f, 0.5f, 0.1f, 0.1f, 0.0f)}};
  const Placement placement = Identity(100);
  EXPECT_THAT(Scores(Answer(grounding, placement, 100, {.max_boxes = 2, .min_score = 0.5f})),
              testing::ElementsAre(0.5f));
  EXPECT_TRUE(Answer(grounding, placement, 100, {.max_boxes = 2, .min_score = 0.51f}).empty());
  EXPECT_EQ(Answer(grounding, placement, 100, {.max_boxes = 2, .min_score = 0.0f}).size(), 2u);
}

TEST(AnswerTest, ACandidateWithoutAScoreIsNoAnswer) {
  const Grounding grounding = {{CandidateAt(0.5f, 0.5f, 0.1f, 0.1f, std::numeric_limits<float>::quiet_NaN()),
                                CandidateAt(0.5f, 0.5f, 0.1f, 0.1f, 0.0f)}};
  EXPECT_THAT(Scores(Answer(grounding, Identity(100), 100, {.max_boxes = 2})), testing::ElementsAre(0.5f));
}

TEST(AnswerTest, BoxesAreClippedOnlyOnRequest) {
  const Grounding grounding = {{CandidateAt(0.0f, 0.9f, 0.5f, 0.5f)}};
  const Box free = Answer(grounding, Identity(100), 100, {}).at(0);
  EXPECT_NEAR(free.x_min, -25, 1e-4);
  EXPECT_NEAR(free.y_max, 115, 1e-4);
  const Box clipped = Answer(grounding, Identity(100), 100, {.clip_boxes = true}).at(0);
  EXPECT_EQ(clipped.x_min, 0.0f);
  EXPECT_EQ(clipped.y_max, 100.0f);
  EXPECT_EQ(clipped.x_max, free.x_max);
  EXPECT_EQ(clipped.y_min, free.y_min);
}

TEST(AnswerTest, ABoxOutsideThePictureBecomesEmptyOnItsBorder) {
  const Grounding grounding = {{CandidateAt(2.0f, 0.5f, 0.5f, 0.5f)}};
  const Box clipped = Answer(grounding, Identity(100), 100, {.clip_boxes = true}).at(0);
  EXPECT_EQ(clipped.x_min, 100.0f);
  EXPECT_EQ(clipped.x_max, 100.0f);
}

}  // namespace
}  // namespace lqvg
