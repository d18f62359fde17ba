#include "client/load/asked_scene.h"

#include <vector>

#include "train/scenes/layout.h"
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
  asked.expressions =
      scenes::Describe(asked.scene, seed, {.count = options.questions, .absent_share = 0, .distractor_share = kRivals});
  // With no share for what is absent there is none; an answer is read from the target, so better be sure.
  std::erase_if(asked.expressions, [](const scenes::ReferringExpression& said) { return said.target < 0; });
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

}  // namespace lqvg::load
