// Samples of made-up scenes: any number of them, no two alike.
#pragma once

#include <cstdint>
#include <vector>

#include "model/tokenizer.h"
#include "train/samples.h"
#include "train/scenes/expressions.h"
#include "train/scenes/scene.h"

namespace lqvg::train {

struct SceneSampleOptions {
  std::uint64_t seed = 1;
  int input_size = 256;  // side of the canvas, pixels
  int expressions = 4;   // at most, per picture
  double absent = 0.25;  // share of expressions that nothing satisfies
  double rivals = 0.9;   // share of the others whose target is not the only one of its kind
  double comparing = 0;  // share of the present ones that must name a size or an ordinal
  double counting = 0;   // share of the present ones that must count to the second or further in a row of three or more
  double nearness = 0;   // share of the present ones that must say "near", "between" or "surrounded by"
  double resized = 0.25;  // share of pictures that are not the canvas's own size and are letterboxed into it
};

// A sample together with what it was made of, for whoever wants to look behind the answer.
struct DescribedScene {
  scenes::Scene scene;
  std::vector<scenes::ReferringExpression> expressions;
  Sample sample;
};

class SceneSamples final : public SampleSource {
 public:
  // `tokenizer` must outlive the source.
  SceneSamples(const Tokenizer& tokenizer, SceneSampleOptions options) : tokenizer_(tokenizer), options_(options) {}

  absl::StatusOr<Sample> Make(std::uint64_t index) const override;
  absl::StatusOr<DescribedScene> Describe(std::uint64_t index) const;

 private:
  const Tokenizer& tokenizer_;
  const SceneSampleOptions options_;
};

}  // namespace lqvg::train
