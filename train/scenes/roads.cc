#include "train/scenes/roads.h"

#include <algorithm>
#include <cstddef>

namespace lqvg::scenes {
namespace {

float SideOf(const Scene& scene) { return static_cast<float>(std::min(scene.width, scene.height)); }

// A parabola through the middle of the picture's surroundings, both ends far outside.
Stroke Across(const Scene& scene, float bend, Random* random) {
  const Point size = {static_cast<float>(scene.width), static_cast<float>(scene.height)};
  const Point middle = {size.x * random->Between(0.25F, 0.75F), size.y * random->Between(0.25F, 0.75F)};
  const Point along = Direction(random->Between(0, 2 * kPi));
  const Point across = {-along.y, along.x};
  const float reach = 1.1F * (size.x + size.y) / 2;
  const float curve = random->Between(-bend, bend) * SideOf(scene);
  Stroke stroke;
  constexpr int kSegments = 12;
  for (int i = 0; i <= kSegments; ++i) {
    const float t = 2 * static_cast<float>(i) / kSegments - 1;
    const Point p = middle + along * (reach * t) + across * (curve * (t * t * 3 - 0.15F + t * 0.8F * (1 - t * t)));
    stroke.points.push_back({p.x, p.y});
  }
  return stroke;
}

}  // namespace

Stroke MakeRiver(const Scene& scene, Random* random) {
  Stroke stroke = Across(scene, 0.22F, random);
  stroke.material = Stroke::Material::kWater;
  stroke.width = SideOf(scene) / 256 * random->Between(26, 64);
  return stroke;
}

Stroke MakeRoad(const Scene& scene, Random* random) {
  Stroke stroke = Across(scene, 0.12F, random);
  stroke.material = random->Chance(0.2F) ? Stroke::Material::kDirt : Stroke::Material::kAsphalt;
  stroke.width = SideOf(scene) / 256 * random->Between(8, 19);
  return stroke;
}

std::vector<Stroke> RoadsOf(const Scene& scene, const SceneObject& object) {
  const Point at = {object.centre_x, object.centre_y};
  const float far = static_cast<float>(scene.width + scene.height);  // beyond the picture's edge from anywhere in it
  const auto road = [](Point from, Point to, float width) {
    return Stroke{Stroke::Material::kAsphalt, {{from.x, from.y}, {to.x, to.y}}, width};
  };
  std::vector<Stroke> roads;
  if (object.kind == Kind::kBridge) {
    const Point along = Direction(object.angle) * far;
    const Point across = {-along.y, along.x};
    if (scene.ground != Ground::kRiver) roads.push_back(road(at - across, at + across, object.length * 0.42F));
    roads.push_back(road(at - along, at + along, object.width * 0.74F));
  }
  if (object.kind == Kind::kRoundabout) {
    const int arms = 3 + static_cast<int>(object.style % 2);
    for (int arm = 0; arm < arms; ++arm) {
      const float turn = object.angle + 2 * kPi * static_cast<float>(arm) / static_cast<float>(arms);
      roads.push_back(road(at, at + Direction(turn) * far, object.length * 0.2F));
    }
  }
  return roads;
}

RoadPlace PlaceOn(const Stroke& stroke, float part) {
  const std::size_t segments = stroke.points.size() - 1;
  const float at = std::clamp(part, 0.0F, 0.9999F) * static_cast<float>(segments);
  const std::size_t segment = static_cast<std::size_t>(at);
  const Point a = {stroke.points[segment][0], stroke.points[segment][1]};
  const Point d = Point{stroke.points[segment + 1][0], stroke.points[segment + 1][1]} - a;
  return {a + d * (at - static_cast<float>(segment)), d * (1 / LengthOf(d))};
}

}  // namespace lqvg::scenes
