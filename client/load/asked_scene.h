// A made-up scene with what is asked about it: what a picture of MakeScenes is painted from.
//
// Stateless and thread-safe; a fraction of a millisecond. For pictures.cc, for an evaluation (client/eval), and for
// tests that look behind the answers.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "client/load/pictures.h"
#include "train/scenes/expressions.h"
#include "train/scenes/scene.h"

namespace lqvg::load {

struct AskedScene {
  scenes::Scene scene;
  std::vector<scenes::ReferringExpression>
      expressions;  // SceneOptions::absent of them are of things that are not there
};

// The `attempt`-th scene for the picture of that index, with as many expressions as it gives: perhaps none. Other
// scenes than those that a training of the same seed learns from.
AskedScene TryScene(const SceneOptions& options, std::uint64_t index, std::uint64_t attempt, const SizeShare& size);

// The first that has an expression of what `attempts` makes for 0, 1, and so on. Hardly any scene
// has none.
AskedScene FirstToSpeak(const std::function<AskedScene(std::uint64_t attempt)>& attempts);

// The first to speak of TryScene's.
AskedScene MakeAskedScene(const SceneOptions& options, std::uint64_t index, const SizeShare& size);

// Painted, some milliseconds. Only libpng can fail.
absl::StatusOr<Picture> PictureOf(const AskedScene& asked);

}  // namespace lqvg::load
