// Scenes for tests of expressions: made by hand, object by object, or at random.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "train/scenes/random.h"
#include "train/scenes/scene.h"

namespace lqvg::scenes {

// An upright object, by the centre of its box.
inline SceneObject ObjectAt(Kind kind, Colour colour, float x, float y, float length = 20, float width = 20) {
  SceneObject object;
  object.kind = kind;
  object.colour = colour;
  object.centre_x = x, object.centre_y = y;
  object.length = length, object.width = width;
  object.bounds = {x - length / 2, y - width / 2, x + length / 2, y + width / 2};
  return object;
}

// 1000 x 1000 pixels, so that a coordinate reads as thousandths of the picture.
inline Scene SceneOf(std::vector<SceneObject> objects) {
  Scene scene;
  scene.width = scene.height = 1000;
  scene.objects = std::move(objects);
  return scene;
}

inline bool Touch(const Bounds& a, const Bounds& b) {
  return a.x_min < b.x_max && b.x_min < a.x_max && a.y_min < b.y_max && b.y_min < a.y_max;
}

// Up to 24 objects of up to five kinds, none upon another.
inline Scene RandomScene(std::uint64_t seed) {
  Random random(seed);
  std::vector<Kind> kinds;
  for (int i = random.BetweenInts(1, 5); i > 0; --i) kinds.push_back(static_cast<Kind>(random.Below(kKinds)));
  Scene scene = SceneOf({});
  scene.seed = seed;
  scene.ground = static_cast<Ground>(random.Below(kGrounds));
  for (int i = random.BetweenInts(3, 24); i > 0; --i) {
    const Kind kind = kinds[static_cast<std::size_t>(random.Below(static_cast<int>(kinds.size())))];
    const Colour colour = random.Chance(0.2F) ? Colour::kPlain : static_cast<Colour>(1 + random.Below(3));
    const float length = random.Between(25, 150);
    const SceneObject object = ObjectAt(kind, colour, random.Between(80, 920), random.Between(80, 920), length,
                                        length * random.Between(0.4F, 1));
    bool fits = true;
    for (const SceneObject& other : scene.objects) fits = fits && !Touch(object.bounds, other.bounds);
    if (fits) scene.objects.push_back(object);
  }
  return scene;
}

}  // namespace lqvg::scenes
