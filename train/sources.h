// What a recipe's data is, opened.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "model/tokenizer.h"
#include "train/list_samples.h"
#include "train/recipe.h"
#include "train/samples.h"
#include "train/scene_samples.h"

namespace lqvg::train {

// What a run learns from, and what it watches itself by.
struct Sources {
  std::unique_ptr<const Tokenizer> tokenizer;
  std::unique_ptr<const SampleSource> training;
  std::unique_ptr<const SceneSamples> watched_scenes;  // one of the two, or neither
  std::unique_ptr<const ListSamples> watched_list;
};

// Reads the lists whole and tells on standard output what was wrong in them; opens no picture. Errors: those of the
// model directory and of the lists.
absl::StatusOr<Sources> OpenSources(const Recipe& recipe);

}  // namespace lqvg::train
