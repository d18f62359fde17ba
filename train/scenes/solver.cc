#include "train/scenes/solver.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "train/scenes/ordering.h"
#include "train/scenes/relations.h"

namespace lqvg::scenes {
namespace {

float SideOf(const Scene& scene) { return static_cast<float>(std::max(scene.width, scene.height)); }

Truth LiesIn(const Scene& scene, Zone zone, float x, float y) {
  return LiesIn(zone, x / static_cast<float>(scene.width), y / static_cast<float>(scene.height));
}

// A parking lot is full of cars, and boats lie in a harbour, though none of them is an object: where one of those may
// be meant, it is not clear what is.
Truth HoldsInside(const Scene& scene, const SceneObject& object, const Query& query) {
  const bool holds = (object.kind == Kind::kParkingLot && query.kind == Kind::kVehicle) ||
                     (object.kind == Kind::kHarbor && query.kind == Kind::kShip);
  if (!holds) return Truth::kNo;
  if (!query.zone) return Truth::kBorderline;
  const Bounds& b = object.bounds;
  Truth truth = LiesIn(scene, *query.zone, b.CentreX(), b.CentreY());
  for (const float x : {b.x_min, b.x_max}) {
    for (const float y : {b.y_min, b.y_max}) truth = Or(truth, LiesIn(scene, *query.zone, x, y));
  }
  return And(truth, Truth::kBorderline);
}

// Kind, colour and zone: what can be said of an object without looking at another.
Truth HoldsAlone(const Scene& scene, const SceneObject& object, const Query& query) {
  if (object.kind != query.kind) return HoldsInside(scene, object, query);
  Truth truth = Truth::kYes;
  if (query.colour && *query.colour != object.colour) {
    // Nobody has said what colour a plain object has, so it might be any.
    if (object.colour != Colour::kPlain) return Truth::kNo;
    truth = Truth::kBorderline;
  }
  if (query.zone) {
    truth = And(truth, LiesIn(scene, *query.zone, object.bounds.CentreX(), object.bounds.CentreY()));
  }
  return truth;
}

// A landmark's query solved: each object that may be meant, and how sure that is.
struct Meant {
  int object;
  Truth truth;
};
std::vector<Meant> MeantBy(const Scene& scene, const Landmark& landmark) {
  const Solution solution = Solve(scene, landmark.query);
  // "the pier" of two piers: a listener may take either, so neither is sure.
  const bool sure = landmark.article != Article::kThe || solution.IsUnique();
  std::vector<Meant> meant;
  meant.reserve(solution.clear.size() + solution.borderline.size());
  for (const int object : solution.clear) meant.push_back({object, sure ? Truth::kYes : Truth::kBorderline});
  for (const int object : solution.borderline) meant.push_back({object, Truth::kBorderline});
  return meant;
}

Truth BetweenAny(const Scene& scene, int object, std::span<const Meant> first, std::span<const Meant> second) {
  const std::vector<SceneObject>& objects = scene.objects;
  Truth truth = Truth::kNo;
  for (const Meant& a : first) {
    for (const Meant& b : second) {
      if (a.object == b.object || a.object == object || b.object == object) continue;
      const Truth place =
          IsBetween(objects[object].bounds, objects[a.object].bounds, objects[b.object].bounds, SideOf(scene));
      truth = Or(truth, And(place, And(a.truth, b.truth)));
      if (truth == Truth::kYes) return truth;
    }
  }
  return truth;
}

Truth SurroundedByAll(const Scene& scene, int object, std::span<const Meant> meant) {
  std::vector<Bounds> clear, doubtful;
  for (const Meant& landmark : meant) {
    if (landmark.object == object) continue;
    (landmark.truth == Truth::kYes ? clear : doubtful).push_back(scene.objects[landmark.object].bounds);
  }
  return IsSurrounded(scene.objects[object].bounds, clear, doubtful, SideOf(scene));
}

Truth RelatedToAny(const Scene& scene, RelationWord word, int object, std::span<const Meant> meant) {
  Truth truth = Truth::kNo;
  for (const Meant& landmark : meant) {
    if (landmark.object == object) continue;
    truth = Or(truth, And(landmark.truth, Holds(word, scene.objects[object].bounds,
                                                scene.objects[landmark.object].bounds, SideOf(scene))));
    if (truth == Truth::kYes) return truth;
  }
  return truth;
}

// Weakens each object's truth by one relation.
void ApplyRelation(const Scene& scene, const Relation& relation, std::vector<Truth>& truths) {
  const std::vector<Meant> first = MeantBy(scene, relation.landmarks.front());
  const std::vector<Meant> second =
      relation.landmarks.size() > 1 ? MeantBy(scene, relation.landmarks[1]) : std::vector<Meant>();
  for (std::size_t i = 0; i < truths.size(); ++i) {
    if (truths[i] == Truth::kNo) continue;
    const int object = static_cast<int>(i);
    Truth truth = Truth::kNo;
    switch (relation.word) {
      case RelationWord::kBetween:
        truth = BetweenAny(scene, object, first, relation.landmarks.size() > 1 ? second : first);
        break;
      case RelationWord::kSurroundedBy:
        truth = SurroundedByAll(scene, object, first);
        break;
      default:
        truth = RelatedToAny(scene, relation.word, object, first);
    }
    truths[i] = And(truths[i], truth);
  }
}

}  // namespace

Solution Solve(const Scene& scene, const Query& query) {
  std::vector<Truth> truths;
  truths.reserve(scene.objects.size());
  for (const SceneObject& object : scene.objects) truths.push_back(HoldsAlone(scene, object, query));

  const std::vector<Truth> alone = truths;
  for (const Relation& relation : query.relations) ApplyRelation(scene, relation, truths);

  if (query.size || query.ordinal) {
    const std::vector<Truth> compared = query.order_among_related ? truths : alone;
    for (std::size_t i = 0; i < truths.size(); ++i) {
      if (truths[i] == Truth::kNo) continue;
      const int object = static_cast<int>(i);
      if (query.size) truths[i] = And(truths[i], HasSize(scene, *query.size, object, compared));
      if (query.ordinal) truths[i] = And(truths[i], HasRank(scene, *query.ordinal, object, compared));
    }
  }

  Solution solution;
  for (std::size_t i = 0; i < truths.size(); ++i) {
    if (truths[i] == Truth::kYes) solution.clear.push_back(static_cast<int>(i));
    if (truths[i] == Truth::kBorderline) solution.borderline.push_back(static_cast<int>(i));
  }
  return solution;
}

}  // namespace lqvg::scenes
