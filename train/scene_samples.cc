#include "train/scene_samples.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "model/letterbox.h"
#include "train/scenes/layout.h"
#include "train/scenes/painter.h"
#include "train/scenes/random.h"

namespace lqvg::train {
namespace {

constexpr int kLeastSide = 128;                        // pixels, of a scene
constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;  // keeps the streams of neighbouring indices apart

}  // namespace

absl::StatusOr<Sample> SceneSamples::Make(std::uint64_t index) const {
  absl::StatusOr<DescribedScene> described = Describe(index);
  if (!described.ok()) return described.status();
  return std::move(described->sample);
}

absl::StatusOr<DescribedScene> SceneSamples::Describe(std::uint64_t index) const {
  // A scene that gives nothing to say, which one in some thousands does, is passed over.
  for (std::uint64_t attempt = 0;; ++attempt) {
    const std::uint64_t seed = options_.seed * kGolden + index + (attempt << 48);
    scenes::Random random(seed ^ kGolden);
    scenes::LayoutOptions layout;
    layout.width = layout.height = options_.input_size;
    if (random.Chance(static_cast<float>(options_.resized))) {
      layout.width = std::max(kLeastSide, options_.input_size * (75 + random.Below(76)) / 100);
      layout.height = std::max(kLeastSide, options_.input_size * (75 + random.Below(76)) / 100);
    }
    DescribedScene described;
    described.scene = scenes::LayOut(seed, layout);
    described.expressions = scenes::Describe(described.scene, seed,
                                             {.count = options_.expressions,
                                              .absent_share = static_cast<float>(options_.absent),
                                              .distractor_share = static_cast<float>(options_.rivals),
                                              .comparing_share = static_cast<float>(options_.comparing)});
    if (described.expressions.empty()) continue;

    const Image image = scenes::Paint(described.scene);
    absl::StatusOr<Canvas> canvas = Letterbox(image, options_.input_size);
    if (!canvas.ok()) return canvas.status();
    described.sample.canvas = *std::move(canvas);
    for (const scenes::ReferringExpression& said : described.expressions) {
      absl::StatusOr<std::string> normalized = NormalizeExpression(said.text);
      if (!normalized.ok()) return normalized.status();
      absl::StatusOr<std::vector<std::int32_t>> ids = tokenizer_.Encode(*normalized);
      if (!ids.ok()) return ids.status();
      Phrase phrase{{*std::move(ids)}};
      phrase.present = said.target >= 0;
      if (phrase.present) {
        const scenes::Bounds& b = described.scene.objects[static_cast<std::size_t>(said.target)].bounds;
        phrase.cxcywh =
            ToCanvas({b.x_min, b.y_min, b.x_max, b.y_max}, described.sample.canvas.placement, options_.input_size);
      }
      described.sample.phrases.push_back(std::move(phrase));
    }
    return described;
  }
}

}  // namespace lqvg::train
