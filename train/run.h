// A training from its recipe to a model directory: steps, reports, checkpoints, evaluations, in a folder that it can be
// taken up from again.
//
//   OUT/recipe.json              what was asked for
//   OUT/checkpoint.safetensors   where the run stands
//   OUT/history.jsonl            what every report and evaluation said
//   OUT/curves.svg               the same as curves
//   OUT/model/                   the model directory as of the checkpoint
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "train/evaluation.h"

namespace lqvg::train {

struct RunOptions {
  std::string recipe;           // path
  std::string out;              // folder, made if need be
  std::int64_t steps = 0;       // in place of the recipe's; 0: the recipe's
  bool changed_recipe = false;  // go on although OUT holds a run of another recipe
  std::string device = "cpu";   // or "cuda"
  const std::atomic<bool>* stop =
      nullptr;  // set by another thread or a signal: end after this step, checkpoint written
};

// Blocks until the run is done or stopped, telling its progress on standard output. A folder that holds a checkpoint is
// gone on with. Errors: the recipe's, the model directory's, the data's, the file system's.
absl::Status Run(const RunOptions& options);

struct EvaluateOptions {
  std::string model_dir;
  std::string device = "cpu";
  std::uint64_t seed = 0x16865606400;  // of scenes that no recipe's seed makes: above 2^31
  std::int64_t scenes = 1000;
};

// Measures a model directory on made-up scenes.
absl::StatusOr<SceneFigures> Evaluate(const EvaluateOptions& options);

}  // namespace lqvg::train
