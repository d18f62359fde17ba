#include "train/scenes/clutter.h"

#include <algorithm>
#include <cmath>

#include "train/scenes/pen.h"
#include "train/scenes/random.h"
#include "train/scenes/terrain.h"

namespace lqvg::scenes {
namespace {

bool IsClear(const Scene& scene, Point p, float radius) {
  for (const SceneObject& object : scene.objects) {
    const Bounds& b = object.bounds;
    if (p.x > b.x_min - radius && p.x < b.x_max + radius && p.y > b.y_min - radius && p.y < b.y_max + radius) {
      return false;
    }
  }
  for (const Stroke::Material material :
       {Stroke::Material::kAsphalt, Stroke::Material::kDirt, Stroke::Material::kWater}) {
    if (DistanceToStrokes(scene, material, p) < radius) return false;
  }
  return BeyondShore(scene, p) < -2 * radius - 4;
}

void PaintTree(Point at, float radius, Point sun, Random* random, Pen* pen) {
  const Rgb leaves[] = {{58, 92, 48}, {76, 108, 56}, {48, 80, 50}, {94, 112, 60}};
  const Rgb leaf = leaves[random->Below(4)];
  pen->Disc(at + sun * (radius * 0.7F), radius, {{22, 28, 22}, 0.45F});
  pen->Disc(at, radius, {Darker(leaf, 0.2F), 1, 14});
  for (int blob = 0; blob < 3; ++blob) {
    const Point aside = Direction(random->Between(0, 2 * kPi)) * (radius * 0.45F);
    pen->Disc(at + aside - sun * (radius * 0.15F), radius * 0.5F, {Lighter(leaf, 0.08F), 0.8F, 14});
  }
}

void PaintRock(Point at, float radius, Point sun, Random* random, Pen* pen) {
  const Rgb stone = Mix({136, 130, 120}, {112, 100, 86}, random->Unit());
  pen->Ellipse(at + sun * (radius * 0.4F), radius, radius * 0.8F, {{30, 28, 26}, 0.45F});
  pen->Ellipse(at, radius, radius * 0.75F, {stone, 1, 10});
  pen->Ellipse(at - sun * (radius * 0.25F), radius * 0.55F, radius * 0.4F, {Lighter(stone, 0.15F), 1, 8});
}

void PaintCrate(Point at, float radius, Point sun, Random* random, Pen* pen) {
  Pen crate = pen->At(at, random->Between(0, kPi / 2));
  const float half = radius * 0.7F;
  pen->Disc(at + sun * (radius * 0.5F), half, {{30, 28, 26}, 0.4F});
  crate.Rectangle(-half, -half, half, half, {{150, 124, 86}, 1, 8});
  crate.Line({-half, 0}, {half, 0}, half * 0.3F, {{116, 92, 62}});
}

}  // namespace

void PaintClutter(const Scene& scene, Image* image) {
  const float unit = static_cast<float>(std::min(scene.width, scene.height)) / 256;
  Random random(scene.seed ^ 0x434C5554U);
  Canvas canvas(image);
  Pen pen({}, &canvas);
  const Point sun = Direction(scene.sun_angle);
  // Of a hundred things, so many are trees, and so many rocks; the rest are crates.
  int trees = 85, rocks = 12, most = 46;
  if (scene.ground == Ground::kDesert) trees = 25, rocks = 70, most = 26;
  if (scene.ground == Ground::kConcrete) trees = 20, rocks = 20, most = 14;
  if (scene.ground == Ground::kForest) most = 20;
  const int things = random.BetweenInts(most / 4, most);
  Point group = {};
  for (int i = 0; i < things; ++i) {
    // Things come in groups: a wood, a heap.
    if (i % 5 == 0) {
      group = {random.Between(0, static_cast<float>(scene.width)), random.Between(0, static_cast<float>(scene.height))};
    }
    const Point at = group + Point{random.Between(-22, 22), random.Between(-22, 22)} * unit;
    const int which = random.Below(100);
    const float radius = unit * (which < trees ? random.Between(1.8F, 5) : random.Between(0.9F, 2));
    Random own(random.Next());
    if (!IsClear(scene, at, radius * 1.8F + 1.5F)) continue;
    if (which < trees) {
      PaintTree(at, radius, sun, &own, &pen);
    } else if (which < trees + rocks) {
      PaintRock(at, radius, sun, &own, &pen);
    } else {
      PaintCrate(at, radius, sun, &own, &pen);
    }
  }
}

}  // namespace lqvg::scenes
