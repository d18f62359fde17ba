#include <algorithm>

#include "train/scenes/object_painters.h"

namespace lqvg::scenes {
namespace {

void FlatRoof(float x_min, float y_min, float x_max, float y_max, Rgb roof, Random* random, Pen* pen) {
  const float w = x_max - x_min;
  const float h = y_max - y_min;
  const float rim = std::clamp(0.07F * std::min(w, h), 1.1F, 4.0F);
  // A dark edge, for a roof may have the very colour of the ground.
  const float edge = std::clamp(0.03F * std::min(w, h), 0.5F, 1.5F);
  pen->Rectangle(x_min, y_min, x_max, y_max, {Darker(roof, 0.45F)});
  pen->Rectangle(x_min + edge, y_min + edge, x_max - edge, y_max - edge, {Lighter(roof, 0.22F)});
  pen->Rectangle(x_min + rim, y_min + rim, x_max - rim * 0.7F, y_max - rim * 0.7F, {roof, 1, 6});
  if (std::min(w, h) < 9) return;
  const int boxes = random->BetweenInts(1, 4);
  for (int box = 0; box < boxes; ++box) {
    const float a = x_min + w * random->Between(0.12F, 0.75F);
    const float b = y_min + h * random->Between(0.12F, 0.75F);
    const float size = std::min(w, h) * random->Between(0.07F, 0.13F);
    pen->Rectangle(a + size * 0.3F, b + size * 0.4F, a + size * 1.4F, b + size * 1.3F, {Darker(roof, 0.4F), 0.7F});
    pen->Rectangle(a, b, a + size, b + size, {Mix(roof, {190, 190, 190}, 0.4F)});
  }
}

// A ridge along x; the two slopes differ in light.
void GabledRoof(float x, float y, Rgb roof, bool is_hipped, Pen* pen) {
  const float in = is_hipped ? std::min(y, x * 0.6F) : 0;
  pen->Polygon({{-x, -y}, {x, -y}, {x - in, 0}, {-x + in, 0}}, {Lighter(roof, 0.10F), 1, 6});
  pen->Polygon({{-x, y}, {x, y}, {x - in, 0}, {-x + in, 0}}, {Darker(roof, 0.20F), 1, 6});
  if (is_hipped) {
    pen->Polygon({{-x, -y}, {-x, y}, {-x + in, 0}}, {Darker(roof, 0.06F), 1, 6});
    pen->Polygon({{x, -y}, {x, y}, {x - in, 0}}, {Darker(roof, 0.12F), 1, 6});
  }
  pen->Line({-x + in, 0}, {x - in, 0}, std::max(0.6F, 0.05F * y), {Lighter(roof, 0.3F)});
}

}  // namespace

void PaintBuilding(const SceneObject& object, Pen* pen) {
  Random random(object.style);
  const Rgb roof = PaintOf(object.colour, &random);
  const float x = object.length / 2;
  const float y = object.width / 2;
  switch (random.Below(7)) {
    case 0:
      FlatRoof(-x, -y, x, y, roof, &random, pen);
      break;
    case 1:
    case 2:
      GabledRoof(x, y, roof, random.Chance(0.5F), pen);
      break;
    case 3: {  // an L, of two wings
      FlatRoof(-x, -y, x, -0.1F * y, roof, &random, pen);
      FlatRoof(-x, -0.1F * y, -0.2F * x, y, roof, &random, pen);
      break;
    }
    case 4: {  // three wings round a yard
      FlatRoof(-x, -y, x, -0.35F * y, roof, &random, pen);
      FlatRoof(-x, -0.35F * y, -0.45F * x, y, roof, &random, pen);
      FlatRoof(0.45F * x, -0.35F * y, x, y, roof, &random, pen);
      break;
    }
    case 5: {  // a tower block on a lower one
      FlatRoof(-x, -y, x, y, Darker(roof, 0.1F), &random, pen);
      pen->Rectangle(-0.4F * x, -0.5F * y, 0.62F * x, 0.68F * y, {Darker(roof, 0.5F), 0.6F});
      FlatRoof(-0.5F * x, -0.62F * y, 0.5F * x, 0.55F * y, roof, &random, pen);
      break;
    }
    default: {  // a hall with bays and skylights
      pen->Rectangle(-x, -y, x, y, {roof, 1, 5});
      const int bays = std::max(2, static_cast<int>(object.length / 7));
      for (int bay = 0; bay < bays; ++bay) {
        const float from = -x + object.length * static_cast<float>(bay) / static_cast<float>(bays);
        const float wide = object.length / static_cast<float>(bays);
        pen->Rectangle(from, -y, from + wide * 0.5F, y, {Darker(roof, 0.12F), 1, 5});
        pen->Rectangle(from + wide * 0.65F, -y * 0.7F, from + wide * 0.85F, y * 0.7F, {Lighter(roof, 0.35F), 0.7F});
      }
      pen->Border(-x, -y, x, y, std::max(0.6F, 0.05F * y), {Darker(roof, 0.3F)});
    }
  }
}

void PaintStorageTank(const SceneObject& object, Pen* pen) {
  Random random(object.style);
  const Rgb steel = PaintOf(object.colour, &random);
  const float radius = object.length / 2;
  const bool is_floating = random.Chance(0.35F);  // the roof floats on the oil, deep in the shell's shade
  pen->Disc({0, 0}, radius, {Darker(steel, 0.35F)});
  pen->Disc({0, 0}, radius * 0.95F, {Lighter(steel, 0.25F)});
  pen->Disc({0, 0}, radius * 0.87F, {Darker(steel, is_floating ? 0.3F : 0.12F)});
  pen->Disc({-radius * 0.05F, -radius * 0.04F}, radius * 0.80F, {steel, 1, 3});
  if (is_floating) {
    pen->Ellipse({radius * 0.3F, radius * 0.06F}, radius * 0.42F, radius * 0.62F, {Darker(steel, 0.14F), 0.7F});
  } else {
    for (int rib = 0; rib < 4; ++rib) {
      const Point d = Direction(static_cast<float>(rib) * kPi / 4) * (radius * 0.8F);
      pen->Line(d * -1, d, std::max(0.4F, radius * 0.03F), {Darker(steel, 0.18F), 0.6F});
    }
    pen->Disc({0, 0}, radius * 0.12F, {Darker(steel, 0.25F)});
  }
  // The stair along the shell.
  pen->Arc({0, 0}, radius * 0.93F, 0.4F, 1.5F, std::max(0.6F, radius * 0.08F), {Darker(steel, 0.55F), 0.8F});
}

// A tower seen a little from the side, so that it leans towards -y, its rotor at the top.
void PaintWindmill(const SceneObject& object, Pen* pen) {
  Random random(object.style);
  const float radius = object.length / 2;
  const Ink steel = {{240, 240, 238}};
  const Ink shade = {{176, 180, 186}};
  const float thick = std::max(0.9F, 0.07F * radius);
  const float turn = random.Between(0, 2 * kPi / 3);
  for (int blade = 0; blade < 3; ++blade) {
    const Point d = Direction(turn + static_cast<float>(blade) * 2 * kPi / 3);
    const Point side = {-d.y, d.x};
    pen->Polygon({side * (thick * 0.5F), d * (radius * 0.25F) + side * (thick * 1.15F),
                  d * radius + side * (thick * 0.3F), d * radius - side * (thick * 0.3F), side * (-thick * 0.5F)},
                 steel);
    pen->Line({0, 0}, d * (radius * 0.95F), thick * 0.35F, shade);
  }
  pen->Disc({0, 0}, thick * 1.5F, shade);
  pen->Disc({0, 0}, thick * 1.0F, steel);
}

}  // namespace lqvg::scenes
