// How a model is trained: what it learns from, for how long, at which rates. Read from a JSON file that is kept beside
// the model, so that a run can be repeated. No torch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace lqvg::train {

struct Recipe {
  std::uint64_t seed = 1;

  // Where the model comes from: a directory with config.json, vocab.json and merges.txt and, to fine-tune, weights.
  std::string model_dir;
  bool from_scratch = true;             // false: begins from the directory's weights
  std::string batch_norms = "auto";     // "trained", "frozen", or "auto": trained from scratch, else frozen
  std::vector<std::string> begin_anew;  // parts of parameter names that begin as from scratch all the same
  std::vector<std::string> frozen;      // parts of parameter names that do not learn

  // What it learns from: the lists if they are named (a format is), else scenes.
  struct Scenes {
    double absent_share = 0.25;   // of expressions that nothing satisfies
    double comparing_share = 0;   // of the present ones that must name a size or an ordinal, over those that happen to
    double counting_share = 0;    // of the present ones that must count, to the second or further of three or more
    double nearness_share = 0;    // of the present ones that must say "near", "between" or "surrounded by"
    double resized_share = 0.25;  // of pictures that are letterboxed
  };
  struct Lists {
    std::string format;       // "rsvg-hr" or "dior-rsvg"; empty: scenes
    std::string train;        // the list, or DIOR-RSVG's index file
    std::string validation;   // likewise; empty: none
    std::string annotations;  // DIOR-RSVG: the folder of XML files
    std::string pictures;     // the folder of pictures
  };
  Scenes scenes;
  Lists lists;

  std::int64_t steps = 10'000;
  int pictures_per_step = 6;
  int expressions_per_picture = 4;
  int parts_per_step = 1;  // a step's pictures are shared out to so many threads, each with its part of the cores
  double learning_rate = 4e-4;
  std::int64_t warm_up_steps = 200;
  double decay_from = 0.7;  // part of the steps after which the rate falls along a cosine to 0
  double weight_decay = 1e-4;
  double max_gradient_norm = 1.0;
  double average_decay = 0.999;  // of the running average of the weights, which is what is exported; 0: none
  struct Rate {
    std::vector<std::string> parts;  // of parameter names
    double rate = 1.0;               // times the learning rate
  };
  std::vector<Rate> rates;
  double focal = 2, l1 = 5, giou = 2;
  double facets = 0;  // weight of facet_loss.h's; 0: the official criterion alone
  // "bf16": matrix products and convolutions in bfloat16, sums in fp32. "auto": that where the device multiplies it
  // itself, "fp32" elsewhere.
  std::string precision = "fp32";

  std::int64_t checkpoint_every = 500;  // steps
  std::int64_t evaluate_every = 500;    // steps; 0: only at the end
  int evaluate_pictures = 64;           // then
};

// INVALID_ARGUMENT names the key, its value and what is allowed; NOT_FOUND when there is no such file.
absl::StatusOr<Recipe> ReadRecipe(const std::string& path);
absl::StatusOr<Recipe> ParseRecipe(std::string_view json);

// Whether batch norms keep their statistics, scales and shifts: asked for, or "auto" and the weights are a directory's.
bool FreezesBatchNorms(const Recipe& recipe);

// The rate of step `step`, which counts from 1: linear up to the warm-up's end, then constant, then a cosine to zero.
double LearningRate(const Recipe& recipe, std::int64_t step);

}  // namespace lqvg::train
