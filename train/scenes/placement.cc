#include "train/scenes/placement.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "train/scenes/object_painters.h"
#include "train/scenes/roads.h"
#include "train/scenes/terrain.h"

namespace lqvg::scenes {
namespace {

constexpr int kTries = 60;

float UnitIn(const Scene& scene) { return static_cast<float>(std::min(scene.width, scene.height)) / 256; }

// Points over the object's own rectangle, edges included, at most twice `step` apart.
template <typename Check>
bool HoldsEverywhere(const SceneObject& object, float margin, float step, Check check) {
  const Frame frame = {{object.centre_x, object.centre_y}, Direction(object.angle)};
  const float x = object.length / 2 + margin;
  const float y = object.width / 2 + margin;
  const int columns = 2 + static_cast<int>(x / step);
  const int lines = 2 + static_cast<int>(y / step);
  for (int i = 0; i <= columns; ++i) {
    for (int j = 0; j <= lines; ++j) {
      const Point local = {x * (2 * static_cast<float>(i) / static_cast<float>(columns) - 1),
                           y * (2 * static_cast<float>(j) / static_cast<float>(lines) - 1)};
      if (!check(frame.ToPicture(local))) return false;
    }
  }
  return true;
}

// The river, which lies above all roads, or null.
const Stroke* RiverOf(const Scene& scene) {
  const bool has_river = !scene.strokes.empty() && scene.strokes.back().material == Stroke::Material::kWater;
  return has_river ? &scene.strokes.back() : nullptr;
}

}  // namespace

bool Placement::Place(SceneObject object) {
  for (int attempt = 0; attempt < kTries; ++attempt) {
    if (attempt == kTries / 2) {
      object.length *= 0.75F;
      object.width *= 0.75F;
    }
    if (!Propose(&object) || !Fits(object) || !LiesRight(object)) continue;
    // Below a river, so that a bridge alone crosses it.
    const std::vector<Stroke> roads = RoadsOf(*scene_, object);
    scene_->strokes.insert(scene_->strokes.begin(), roads.begin(), roads.end());
    scene_->objects.push_back(object);
    return true;
  }
  return false;
}

bool Placement::Propose(SceneObject* object) {
  switch (object->kind) {
    case Kind::kHarbor:
      return ProposeHarbor(object);
    case Kind::kShip:
      return ProposeShip(object);
    case Kind::kVehicle:
      return ProposeVehicle(object);
    case Kind::kBridge:
      return ProposeBridge(object);
    case Kind::kRoundabout:
      return ProposeRoundabout(object);
    default:
      MoveTo(AnyPoint(), object);
      return true;
  }
}

// The quay on the shore, the piers in the water.
bool Placement::ProposeHarbor(SceneObject* object) {
  Point at = AnyPoint();
  const Point away = Direction(scene_->shore_angle);
  for (int step = 0; step < 3; ++step) at = at - away * BeyondShore(*scene_, at);
  object->angle = scene_->shore_angle - kPi / 2 + random_->Between(-0.05F, 0.05F);
  MoveTo(at + away * (object->width * 0.36F), object);
  return true;
}

bool Placement::ProposeShip(SceneObject* object) {
  const Stroke* river = RiverOf(*scene_);
  if (river == nullptr) {
    MoveTo(AnyPoint(), object);
    return true;
  }
  const RoadPlace place = PlaceOn(*river, random_->Unit());
  object->angle = AngleOf(place.along) + random_->Between(-0.15F, 0.15F);
  if (random_->Chance(0.5F)) object->angle += kPi;
  const Point across = {-place.along.y, place.along.x};
  MoveTo(place.at + across * (river->width * random_->Between(-0.3F, 0.3F)), object);
  return true;
}

bool Placement::ProposeVehicle(SceneObject* object) {
  const int strokes = static_cast<int>(scene_->strokes.size());
  if (strokes == 0 || random_->Chance(0.3F)) {
    MoveTo(AnyPoint(), object);
    return true;
  }
  const Stroke& road = scene_->strokes[static_cast<std::size_t>(random_->Below(strokes))];
  if (road.material == Stroke::Material::kWater) return false;
  const RoadPlace place = PlaceOn(road, random_->Unit());
  const float lane = random_->Chance(0.5F) ? 1 : -1;  // people drive on the right
  object->angle = AngleOf(place.along) + (lane > 0 ? 0 : kPi);
  const Point right = {-place.along.y, place.along.x};
  MoveTo(place.at + right * (lane * road.width * 0.22F), object);
  return true;
}

// Across the river where there is one, else anywhere, over a road of its own.
bool Placement::ProposeBridge(SceneObject* object) {
  const Stroke* river = RiverOf(*scene_);
  if (river == nullptr) {
    MoveTo(AnyPoint(), object);
    return true;
  }
  const RoadPlace place = PlaceOn(*river, random_->Unit());
  object->angle = AngleOf(place.along) + kPi / 2 + random_->Between(-0.12F, 0.12F);
  const float wide = object->width;
  object->length = std::max(river->width * 1.22F + 3 * UnitIn(*scene_), 1.3F * wide);
  MoveTo(place.at, object);
  return true;
}

bool Placement::ProposeRoundabout(SceneObject* object) {
  object->angle = random_->Between(0, kPi);
  MoveTo(AnyPoint(), object);
  return true;
}

void Placement::MoveTo(Point centre, SceneObject* object) const {
  object->centre_x = centre.x;
  object->centre_y = centre.y;
  object->bounds = MeasureObject(*object);
}

bool Placement::Fits(const SceneObject& object) const {
  constexpr float kMargin = 1;  // pixels to the picture's edge
  const Bounds& a = object.bounds;
  if (a.x_min < kMargin || a.y_min < kMargin || a.x_max > static_cast<float>(scene_->width) - kMargin ||
      a.y_max > static_cast<float>(scene_->height) - kMargin) {
    return false;
  }
  return std::none_of(scene_->objects.begin(), scene_->objects.end(), [&](const SceneObject& other) {
    const Bounds& b = other.bounds;
    return a.x_min < b.x_max + gap_ && b.x_min < a.x_max + gap_ && a.y_min < b.y_max + gap_ && b.y_min < a.y_max + gap_;
  });
}

bool Placement::LiesRight(const SceneObject& object) const {
  const float unit = UnitIn(*scene_);
  const float step = 4 * unit;  // half the narrowest road
  if (object.kind == Kind::kRoundabout && !RoadsAreClear(object)) return false;
  switch (object.kind) {
    case Kind::kHarbor:
    case Kind::kBridge:
      return true;
    case Kind::kShip:
      return HoldsEverywhere(object, 1.5F * unit, step, [&](Point p) {
        return BeyondShore(*scene_, p) > 4 * unit ||
               DistanceToStrokes(*scene_, Stroke::Material::kWater, p) < -1.5F * unit;
      });
    case Kind::kVehicle:
      return HoldsEverywhere(object, 3 * unit, step, [&](Point p) { return !IsWater(*scene_, p); });
    default:
      return HoldsEverywhere(object, 2 * unit, step, [&](Point p) {
        return BeyondShore(*scene_, p) < -9 * unit &&
               DistanceToStrokes(*scene_, Stroke::Material::kWater, p) > 3 * unit &&
               DistanceToStrokes(*scene_, Stroke::Material::kAsphalt, p) > 2 * unit &&
               DistanceToStrokes(*scene_, Stroke::Material::kDirt, p) > unit;
      });
  }
}

// A road that a bridge or a roundabout brings passes by the others.
bool Placement::RoadsAreClear(const SceneObject& object) const {
  const std::vector<Stroke> roads = RoadsOf(*scene_, object);
  for (const SceneObject& other : scene_->objects) {
    if (other.kind != Kind::kBridge && other.kind != Kind::kRoundabout) continue;
    const float radius = std::max(other.bounds.x_max - other.bounds.x_min, other.bounds.y_max - other.bounds.y_min) / 2;
    for (const Stroke& road : roads) {
      const RoadPlace start = PlaceOn(road, 0);
      const Point end = {road.points.back()[0], road.points.back()[1]};
      const float distance = DistanceToSegment({other.centre_x, other.centre_y}, start.at, end);
      if (distance < radius + road.width / 2 + 3 * UnitIn(*scene_)) return false;
    }
  }
  return true;
}

Point Placement::AnyPoint() {
  return {random_->Between(0, static_cast<float>(scene_->width)),
          random_->Between(0, static_cast<float>(scene_->height))};
}

}  // namespace lqvg::scenes
