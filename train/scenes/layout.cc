#include "train/scenes/layout.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "train/scenes/geometry.h"
#include "train/scenes/placement.h"
#include "train/scenes/random.h"
#include "train/scenes/roads.h"
#include "train/scenes/sizes.h"

namespace lqvg::scenes {
namespace {

Ground DrawGround(Random* random) {
  // Of a hundred. Coasts and rivers are frequent, as ships, harbours and bridges are met nowhere else.
  constexpr std::array<int, kGrounds> kParts = {13, 12, 9, 13, 8, 11, 19, 15};
  int part = random->Below(100);
  for (std::size_t i = 0; i < kParts.size(); ++i) {
    if (part < kParts[i]) return static_cast<Ground>(i);
    part -= kParts[i];
  }
  return Ground::kGrass;
}

Kind DrawKind(Ground ground, const std::vector<Kind>& taken, Random* random) {
  std::array<int, kKinds> weights = {};
  int sum = 0;
  for (int i = 0; i < kKinds; ++i) {
    const Kind kind = static_cast<Kind>(i);
    if (std::find(taken.begin(), taken.end(), kind) != taken.end()) continue;
    sum += weights[static_cast<std::size_t>(i)] = WeightOf(kind, ground);
  }
  int part = random->Below(sum);
  for (int i = 0; i < kKinds; ++i) {
    if (part < weights[static_cast<std::size_t>(i)]) return static_cast<Kind>(i);
    part -= weights[static_cast<std::size_t>(i)];
  }
  return Kind::kBuilding;
}

// How many of a kind a scene takes: large ones leave no room for four, and each bridge over land brings two roads.
int MostOf(Kind kind, Ground ground) {
  switch (kind) {
    case Kind::kBridge:
      return ground == Ground::kRiver ? 3 : 1;
    case Kind::kRoundabout:
    case Kind::kGroundTrackField:
    case Kind::kHarbor:
      return 2;
    case Kind::kBaseballField:
    case Kind::kParkingLot:
      return 3;
    default:
      return 4;
  }
}

// Repeated kinds first, then single ones.
std::vector<SceneObject> DrawObjects(const Scene& scene, const LayoutOptions& options, Random* random) {
  const float unit = static_cast<float>(std::min(scene.width, scene.height)) / 256;
  const int count = random->BetweenInts(options.min_objects, options.max_objects);
  const int repeated = std::clamp(random->BetweenInts(1, 3), 1, std::max(1, count / 2));
  std::vector<Kind> kinds;
  std::vector<SceneObject> objects;
  for (int drawn = 0; drawn < repeated + 12 && static_cast<int>(objects.size()) < count; ++drawn) {
    const Kind kind = DrawKind(scene.ground, kinds, random);
    kinds.push_back(kind);
    const int room = count - static_cast<int>(objects.size());
    const bool is_repeated = drawn < repeated && MostOf(kind, scene.ground) > 1 && room > 1;
    const int many = is_repeated ? random->BetweenInts(2, std::min(MostOf(kind, scene.ground), room)) : 1;
    // Sizes of one kind are spread over its range, so that the largest is one that can be told.
    const float first = random->Unit();
    for (int i = 0; i < many; ++i) {
      const float spread = first + static_cast<float>(i) / static_cast<float>(many);
      float scale = spread - static_cast<float>(static_cast<int>(spread));
      scale = std::clamp(scale + random->Between(-0.08F, 0.08F), 0.0F, 1.0F);
      objects.push_back(MakeObject(kind, unit, scale * scale * 0.5F + scale * 0.5F, random));
    }
  }
  return objects;
}

void DrawWeather(Scene* scene, Random* random) {
  scene->sun_angle = random->Between(-kPi, kPi);
  scene->haze = random->Chance(0.3F) ? random->Between(0.3F, 1) : random->Between(0, 0.3F);
  scene->noise = random->Between(0, 1);
  scene->blur = random->Between(0, 0.75F);
}

// Bridges and roundabouts bring their roads, so they come before whatever must not stand on a road; then large before
// small, which find a place in any gap.
int TurnOf(const SceneObject& object) {
  const bool brings_roads = object.kind == Kind::kBridge || object.kind == Kind::kRoundabout;
  return brings_roads ? 0 : object.kind == Kind::kHarbor ? 1 : 2;
}

}  // namespace

Scene LayOut(std::uint64_t seed, const LayoutOptions& options) {
  Random random(seed ^ 0x4C41594F5554U);
  Scene scene;
  scene.seed = seed;
  scene.width = options.width;
  scene.height = options.height;
  scene.ground = DrawGround(&random);
  scene.shore = scene.ground == Ground::kCoast ? random.Between(0.3F, 0.68F) : 0;
  scene.shore_angle = scene.ground == Ground::kCoast ? random.Between(-kPi, kPi) : 0;
  DrawWeather(&scene, &random);
  std::vector<SceneObject> objects = DrawObjects(scene, options, &random);
  std::stable_sort(objects.begin(), objects.end(), [](const SceneObject& a, const SceneObject& b) {
    if (TurnOf(a) != TurnOf(b)) return TurnOf(a) < TurnOf(b);
    return a.length * a.width > b.length * b.width;
  });
  if (scene.ground == Ground::kRiver) scene.strokes.push_back(MakeRiver(scene, &random));

  Placement placement(options.gap, &scene, &random);
  std::size_t next = 0;
  for (; next < objects.size() && TurnOf(objects[next]) == 0; ++next) placement.Place(objects[next]);
  const bool may_have_road = scene.strokes.empty() && scene.ground != Ground::kRiver;
  if (may_have_road && random.Chance(0.55F)) scene.strokes.push_back(MakeRoad(scene, &random));
  for (; next < objects.size(); ++next) placement.Place(objects[next]);
  // Where little found a place, small things still do.
  const float unit = static_cast<float>(std::min(scene.width, scene.height)) / 256;
  for (int more = 0; more < 12 && static_cast<int>(scene.objects.size()) < options.min_objects; ++more) {
    const Kind kind = more % 2 == 0 ? Kind::kVehicle : Kind::kBuilding;
    placement.Place(MakeObject(kind, unit, 0.2F * random.Unit(), &random));
  }
  return scene;
}

}  // namespace lqvg::scenes
