#include "train/sources.h"

#include <iostream>
#include <string>
#include <utility>

#include "model/architecture.h"
#include "train/datasets/dior_rsvg.h"
#include "train/datasets/rsvg_hr_list.h"

namespace lqvg::train {
namespace {

constexpr std::uint64_t kWatchedSeed = 0x17761746300;  // above any recipe's seed, which ends at 2^31

absl::StatusOr<std::unique_ptr<ListSamples>> OpenList(const Recipe& recipe, const std::string& list, bool shuffled,
                                                      const Tokenizer& tokenizer, const Architecture& architecture) {
  absl::StatusOr<datasets::AnnotationSet> set = recipe.lists.format == "dior-rsvg"
                                                    ? datasets::ReadDiorRsvg(recipe.lists.annotations, list)
                                                    : datasets::ReadRsvgHrList(list);
  if (!set.ok()) return set.status();
  std::cout << list << ": " << datasets::DescribeSet(*set) << std::endl;
  return ListSamples::Create(*set, tokenizer, architecture.text_encoder.MaxTokens(),
                             {.seed = recipe.seed,
                              .pictures = recipe.lists.pictures,
                              .input_size = architecture.input_size,
                              .expressions = recipe.expressions_per_picture,
                              .shuffled = shuffled});
}

}  // namespace

absl::StatusOr<Sources> OpenSources(const Recipe& recipe) {
  absl::StatusOr<Architecture> architecture = ReadArchitecture(recipe.model_dir + "/config.json");
  if (!architecture.ok()) return architecture.status();
  absl::StatusOr<std::unique_ptr<const Tokenizer>> tokenizer = Tokenizer::Load(recipe.model_dir);
  if (!tokenizer.ok()) return tokenizer.status();
  Sources sources;
  sources.tokenizer = *std::move(tokenizer);
  if (recipe.lists.format.empty()) {
    SceneSampleOptions options = {.seed = recipe.seed,
                                  .input_size = architecture->input_size,
                                  .expressions = recipe.expressions_per_picture,
                                  .absent = recipe.scenes.absent_share,
                                  .comparing = recipe.scenes.comparing_share,
                                  .counting = recipe.scenes.counting_share,
                                  .nearness = recipe.scenes.nearness_share,
                                  .resized = recipe.scenes.resized_share};
    sources.training = std::make_unique<SceneSamples>(*sources.tokenizer, options);
    options.seed = kWatchedSeed;
    // The watched ones are the same whatever the training leans to.
    options.comparing = options.counting = options.nearness = 0;
    sources.watched_scenes = std::make_unique<SceneSamples>(*sources.tokenizer, options);
    return sources;
  }
  auto training = OpenList(recipe, recipe.lists.train, /*shuffled=*/true, *sources.tokenizer, *architecture);
  if (!training.ok()) return training.status();
  sources.training = *std::move(training);
  if (recipe.lists.validation.empty()) return sources;
  auto watched = OpenList(recipe, recipe.lists.validation, /*shuffled=*/false, *sources.tokenizer, *architecture);
  if (!watched.ok()) return watched.status();
  sources.watched_list = *std::move(watched);
  return sources;
}

}  // namespace lqvg::train
