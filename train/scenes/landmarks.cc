#include "train/scenes/landmarks.h"

#include <algorithm>
#include <array>
#include <vector>

#include "train/scenes/relations.h"
#include "train/scenes/solver.h"

namespace lqvg::scenes {
namespace {

constexpr int kTries = 6;

const SceneObject& At(const Scene& scene, int object) { return scene.objects[static_cast<std::size_t>(object)]; }
float SideOf(const Scene& scene) { return static_cast<float>(std::max(scene.width, scene.height)); }

// Any object but the target; needs two objects.
int OtherThan(const Scene& scene, int target, Random& random) {
  const int other = random.Below(static_cast<int>(scene.objects.size()) - 1);
  return other + (other >= target ? 1 : 0);
}

// The nearer of two: people name what is close.
int LandmarkFor(const Scene& scene, int target, Random& random) {
  const int a = OtherThan(scene, target, random), b = OtherThan(scene, target, random);
  const Bounds& bounds = At(scene, target).bounds;
  return GapOf(bounds, At(scene, a).bounds) <= GapOf(bounds, At(scene, b).bounds) ? a : b;
}

std::optional<RelationWord> WordFor(const Scene& scene, int target, int landmark, Random& random) {
  std::array<RelationWord, kDirections + 1> words;
  int count = 0;
  for (int i = 0; i <= kDirections; ++i) {
    const auto word = static_cast<RelationWord>(i);
    if (Holds(word, At(scene, target).bounds, At(scene, landmark).bounds, SideOf(scene)) == Truth::kYes) {
      words[static_cast<std::size_t>(count++)] = word;
    }
  }
  if (count == 0) return std::nullopt;
  return words[static_cast<std::size_t>(random.Below(count))];
}

std::optional<Relation> BesideAt(const Scene& scene, int target, Manner manner, Random& random) {
  for (int i = 0; i < kTries; ++i) {
    const int landmark = LandmarkFor(scene, target, random);
    const std::optional<RelationWord> word = WordFor(scene, target, landmark, random);
    if (word) return Relation{*word, {LandmarkAt(scene, landmark, manner, random)}};
  }
  return std::nullopt;
}

std::optional<Relation> BetweenAt(const Scene& scene, int target, Manner manner, Random& random) {
  for (int i = 0; i < 2 * kTries; ++i) {
    const int a = OtherThan(scene, target, random), b = OtherThan(scene, target, random);
    if (a == b) continue;
    const Truth truth = IsBetween(At(scene, target).bounds, At(scene, a).bounds, At(scene, b).bounds, SideOf(scene));
    if (truth != Truth::kYes) continue;
    Landmark first = LandmarkAt(scene, a, manner, random);
    if (At(scene, a).kind != At(scene, b).kind) {
      return Relation{RelationWord::kBetween, {first, LandmarkAt(scene, b, manner, random)}};
    }
    first = Landmark{Article::kTwo, QueryOf(At(scene, a).kind)};
    const Colour colour = At(scene, a).colour;
    if (colour != Colour::kPlain && colour == At(scene, b).colour && random.Chance(0.5F)) first.query.colour = colour;
    return Relation{RelationWord::kBetween, {first}};
  }
  return std::nullopt;
}

std::optional<Relation> SurroundedAt(const Scene& scene, int target, Random& random) {
  for (int i = 0; i < 3; ++i) {
    const SceneObject& model = At(scene, OtherThan(scene, target, random));
    Landmark landmark{Article::kA, QueryOf(model.kind)};
    if (model.colour != Colour::kPlain && random.Chance(0.4F)) landmark.query.colour = model.colour;
    std::vector<Bounds> around;
    for (const int object : Solve(scene, landmark.query).clear) {
      if (object != target) around.push_back(At(scene, object).bounds);
    }
    if (IsSurrounded(At(scene, target).bounds, around, {}, SideOf(scene)) == Truth::kYes) {
      return Relation{RelationWord::kSurroundedBy, {landmark}};
    }
  }
  return std::nullopt;
}

}  // namespace

Landmark LandmarkAt(const Scene& scene, int object, Manner manner, Random& random) {
  const SceneObject& self = At(scene, object);
  Landmark landmark{Article::kA, QueryOf(self.kind)};
  const bool has_colour = self.colour != Colour::kPlain;
  // RSVG-HR says "a" even where there is only one; in plain English one then says "the".
  const bool wants_the = random.Chance(manner == Manner::kFormal ? 0.25F : 0.8F);
  if (has_colour && random.Chance(0.3F)) landmark.query.colour = self.colour;
  if (!wants_the) return landmark;

  const auto is_unique = [&] { return Solve(scene, landmark.query).IsUnique(); };
  bool unique = is_unique();
  if (!unique && has_colour && !landmark.query.colour) {
    landmark.query.colour = self.colour;
    unique = is_unique();
  }
  if (!unique && random.Chance(0.4F)) {
    for (const SizeWord size : {SizeWord::kLargest, SizeWord::kSmallest}) {
      landmark.query.size = size;
      const Solution solution = Solve(scene, landmark.query);
      unique = solution.IsUnique() && solution.clear.front() == object;
      if (unique) break;
    }
    if (!unique) landmark.query.size.reset();
  }
  if (unique) landmark.article = Article::kThe;
  return landmark;
}

std::optional<Relation> RelationAt(const Scene& scene, int target, Manner manner, Random& random) {
  if (scene.objects.size() < 2) return std::nullopt;
  const int hundredth = random.Below(100);
  std::optional<Relation> relation;
  if (hundredth < 10) relation = BetweenAt(scene, target, manner, random);
  if (hundredth >= 90) relation = SurroundedAt(scene, target, random);
  return relation ? relation : BesideAt(scene, target, manner, random);
}

}  // namespace lqvg::scenes
