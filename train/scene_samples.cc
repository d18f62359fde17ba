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

// What the expression means, if anything, before the rest.
std::vector<Mentioned> MentionedBy(const scenes::ReferringExpression& said, const scenes::Scene& scene,
                                   const Placement& placement, int side) {
  const std::vector<scenes::Facets> facets = scenes::FacetsOf(scene, said.query);
  const auto mention = [&](std::size_t object) -> Mentioned {
    const scenes::Bounds& b = scene.objects[object].bounds;
    return {ToCanvas({b.x_min, b.y_min, b.x_max, b.y_max}, placement, side), facets[object]};
  };
  const auto is = [&](std::size_t object, scenes::Facet facet) {
    return facets[object][static_cast<std::size_t>(facet)] == scenes::Truth::kYes;
  };
  std::vector<Mentioned> mentioned;
  if (said.target >= 0) mentioned.push_back(mention(static_cast<std::size_t>(said.target)));
  for (std::size_t i = 0; i < facets.size(); ++i) {
    if (static_cast<int>(i) == said.target) continue;
    if (is(i, scenes::Facet::kKind) || is(i, scenes::Facet::kLandmark)) mentioned.push_back(mention(i));
  }
  return mentioned;
}

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
                                              .comparing_share = static_cast<float>(options_.comparing),
                                              .counting_share = static_cast<float>(options_.counting),
                                              .nearness_share = static_cast<float>(options_.nearness)});
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
      Phrase phrase;
      phrase.expression.token_ids = *std::move(ids);
      phrase.present = said.target >= 0;
      phrase.mentioned = MentionedBy(said, described.scene, described.sample.canvas.placement, options_.input_size);
      if (phrase.present) phrase.cxcywh = phrase.mentioned.front().cxcywh;
      described.sample.phrases.push_back(std::move(phrase));
    }
    return described;
  }
}

}  // namespace lqvg::train
