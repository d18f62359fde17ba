#include "client/load/asked_scene.h"

#include <optional>
#include <string>
#include <vector>

#include "image/png_writer.h"
#include "train/scenes/layout.h"
#include "train/scenes/painter.h"
#include "train/scenes/random.h"

namespace lqvg::load {
namespace {

// As in training and its evaluation (train/scene_samples.h): most objects asked for have a rival of their kind, so that
// a right answer shows that the question was read.
constexpr float kRivals = 0.9F;

constexpr std::uint64_t kLoad = 0x4C51'5647'4C4F'4144;  // "LQVGLOAD": keeps these seeds away from those of a training

}  // namespace

AskedScene TryScene(const SceneOptions& options, std::uint64_t index, std::uint64_t attempt, const SizeShare& size) {
  const std::uint64_t seed = scenes::Scramble(scenes::Scramble(options.seed ^ kLoad) + index + (attempt << 48));
  AskedScene asked;
  asked.scene = scenes::LayOut(seed, {.width = size.width, .height = size.height});
  asked.expressions = scenes::Describe(
      asked.scene, seed, {.count = options.questions, .absent_share = options.absent, .distractor_share = kRivals});
  return asked;
}

AskedScene FirstToSpeak(const std::function<AskedScene(std::uint64_t attempt)>& attempts) {
  for (std::uint64_t attempt = 0;; ++attempt) {
    AskedScene asked = attempts(attempt);
    if (!asked.expressions.empty()) return asked;
  }
}

AskedScene MakeAskedScene(const SceneOptions& options, std::uint64_t index, const SizeShare& size) {
  return FirstToSpeak([&](std::uint64_t attempt) { return TryScene(options, index, attempt, size); });
}

absl::StatusOr<Picture> PictureOf(const AskedScene& asked) {
  const absl::StatusOr<std::vector<std::uint8_t>> png = EncodePng(scenes::Paint(asked.scene));
  if (!png.ok()) return png.status();
  Picture picture{.encoded = std::string(png->begin(), png->end()),
                  .width = asked.scene.width,
                  .height = asked.scene.height,
                  .questions = {}};
  for (const scenes::ReferringExpression& said : asked.expressions) {
    Question& question = picture.questions.emplace_back(Question{said.text, std::nullopt});
    if (said.target < 0) continue;
    const scenes::Bounds& b = asked.scene.objects[static_cast<std::size_t>(said.target)].bounds;
    question.answer = Corners{b.x_min, b.y_min, b.x_max, b.y_max};
  }
  return picture;
}

}  // namespace lqvg::load
