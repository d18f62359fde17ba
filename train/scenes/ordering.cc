#include "train/scenes/ordering.h"

#include <algorithm>

namespace lqvg::scenes {
namespace {

// People tell sizes apart well below these ratios of areas side by side, but not across a picture.
constexpr float kAreaYes = 1.35F, kAreaNo = 1.15F;
// The upright box of a slanted object is larger than the object: where the boxes say otherwise, it is not clear.
constexpr float kBoxYes = 1.1F;
// How far apart two objects lie in the direction in which one counts, in longer sides of the picture.
constexpr float kStraightStep = 0.025F, kDiagonalStep = 0.05F;

float AreaOf(const SceneObject& object) {
  const float area = object.length * object.width;
  return area > 0 ? area : object.bounds.Area();
}

// Whether `a` is clearly larger (kYes), clearly not larger (kNo) or neither.
Truth IsLarger(const SceneObject& a, const SceneObject& b) {
  const float ratio = AreaOf(a) / std::max(AreaOf(b), 1.0F);
  const bool boxes_agree = a.bounds.Area() >= kBoxYes * b.bounds.Area();
  if (ratio >= kAreaYes && boxes_agree) return Truth::kYes;
  return ratio <= 1 / kAreaNo ? Truth::kNo : Truth::kBorderline;
}

}  // namespace

float DistanceFrom(Side side, const Bounds& bounds) {
  constexpr float kHalf = 0.70710678F;
  const float x = bounds.CentreX(), y = bounds.CentreY();
  switch (side) {
    case Side::kLeft:
      return x;
    case Side::kRight:
      return -x;
    case Side::kTop:
      return y;
    case Side::kBottom:
      return -y;
    case Side::kUpperLeft:
      return (x + y) * kHalf;
    case Side::kUpperRight:
      return (y - x) * kHalf;
    case Side::kLowerLeft:
      return (x - y) * kHalf;
    case Side::kLowerRight:
      return (-x - y) * kHalf;
  }
  return 0;
}

Truth HasSize(const Scene& scene, SizeWord word, int object, std::span<const Truth> group) {
  const bool larger = word == SizeWord::kLargest || word == SizeWord::kLarger;
  const bool of_two = word == SizeWord::kLarger || word == SizeWord::kSmaller;
  const SceneObject& self = scene.objects[static_cast<std::size_t>(object)];
  Truth truth = Truth::kYes;
  int clear = 0, doubtful = 0;
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (group[i] == Truth::kNo) continue;
    ++(group[i] == Truth::kYes ? clear : doubtful);
    if (static_cast<int>(i) == object) continue;
    const SceneObject& other = scene.objects[i];
    const Truth against = larger ? IsLarger(self, other) : IsLarger(other, self);
    // Losing against what may not belong to the group settles nothing.
    truth = And(truth, group[i] == Truth::kYes ? against : Or(against, Truth::kBorderline));
  }
  // "the larger" speaks of two; of three or of one it is not clear what it says.
  if (of_two && (clear != 2 || doubtful != 0)) truth = Truth::kBorderline;
  return truth;
}

Truth HasRank(const Scene& scene, const Ordinal& ordinal, int object, std::span<const Truth> group) {
  const float step = (ordinal.from < Side::kUpperLeft ? kStraightStep : kDiagonalStep) *
                     static_cast<float>(std::max(scene.width, scene.height));
  const float own = DistanceFrom(ordinal.from, scene.objects[static_cast<std::size_t>(object)].bounds);
  int surely_before = 0, perhaps_before = 0;
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (group[i] == Truth::kNo || static_cast<int>(i) == object) continue;
    const float other = DistanceFrom(ordinal.from, scene.objects[i].bounds);
    if (other <= own - step && group[i] == Truth::kYes) ++surely_before;
    if (other < own + step) ++perhaps_before;
  }
  const int before = ordinal.rank - 1;
  if (before < surely_before || before > perhaps_before) return Truth::kNo;
  return surely_before == perhaps_before ? Truth::kYes : Truth::kBorderline;
}

}  // namespace lqvg::scenes
