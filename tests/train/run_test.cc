#include "train/run.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "tests/support/temporary_folder.h"
#include "tests/train/tiny_model.h"
#include "train/curves/metrics_file.h"

namespace lqvg::train {
namespace {

// The samples that the last line of the history tells of.
std::int64_t SamplesTold(const TemporaryFolder& folder, int checkpoint_every, int evaluate_every) {
  MakeTinyModel(folder.Path("tiny"));
  const std::string recipe = absl::Substitute(
      R"({"model_dir": "$0", "scenes": {}, "steps": 25, "pictures_per_step": 1, "expressions_per_picture": 2,
          "checkpoint_every": $1, "evaluate_every": $2, "evaluate_pictures": 1})",
      folder.Path("tiny"), checkpoint_every, evaluate_every);
  folder.Write("recipe.json", recipe);
  const std::string out = folder.Path(absl::StrCat("out", checkpoint_every, "_", evaluate_every));
  const absl::Status status = Run({.recipe = folder.Path("recipe.json"), .out = out});
  EXPECT_TRUE(status.ok()) << status;
  const auto rows = curves::ReadMetrics(out + "/history.jsonl");
  return rows.ok() && !rows->empty() ? rows->back().samples : -1;
}

TEST(Run, CountsEverySampleHoweverOftenItKeepsAndWatches) {
  const TemporaryFolder folder;
  EXPECT_EQ(SamplesTold(folder, 25, 0), 50);
  EXPECT_EQ(SamplesTold(folder, 7, 0), 50);
  EXPECT_EQ(SamplesTold(folder, 25, 9), 50);
}

}  // namespace
}  // namespace lqvg::train
