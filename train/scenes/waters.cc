#include <algorithm>
#include <vector>

#include "train/scenes/object_painters.h"

namespace lqvg::scenes {

void PaintSwimmingPool(const SceneObject& object, Pen* pen) {
  Random random(object.style);
  const float x = object.length / 2;
  const float y = object.width / 2;
  const Ink deck = {{222, 216, 202}};
  const Ink water = {{68, static_cast<std::uint8_t>(random.BetweenInts(178, 196)), 214}, 1, 6};
  const Ink deep = {{38, 140, 194}, 0.7F};
  const float rim = std::max(0.8F, 0.07F * object.width);
  switch (random.Below(3)) {
    case 0:  // a basin with lanes
      pen->Rectangle(-x, -y, x, y, deck);
      pen->Rectangle(-x + rim, -y + rim, x - rim, y - rim, water);
      pen->Rectangle(-x + rim, -y + rim, -0.3F * x, y - rim, deep);
      if (object.width > 9) {
        for (int lane = 1; lane < 4; ++lane) {
          const float at = -y + rim + (object.width - 2 * rim) * static_cast<float>(lane) / 4;
          pen->Line({-x + rim, at}, {x - rim, at}, std::max(0.5F, 0.02F * object.width), {{40, 110, 170}, 0.7F});
        }
      }
      break;
    case 1:  // two round ends
      pen->Stadium(x, y, deck);
      pen->Stadium(x - rim, y - rim, water);
      pen->Ellipse({-0.4F * x, 0}, 0.35F * x, 0.5F * y, deep);
      break;
    default: {  // a kidney
      pen->Ellipse({-0.42F * x, 0}, 0.58F * x, y, deck);
      pen->Ellipse({0.46F * x, 0.08F * y}, 0.54F * x, 0.8F * y, deck);
      pen->Ellipse({-0.42F * x, 0}, 0.58F * x - rim, y - rim, water);
      pen->Ellipse({0.46F * x, 0.08F * y}, 0.54F * x - rim, 0.8F * y - rim, water);
      pen->Ellipse({-0.45F * x, 0}, 0.3F * x, 0.5F * y, deep);
    }
  }
}

void PaintPond(const SceneObject& object, Pen* pen) {
  Random random(object.style);
  constexpr int kCorners = 64;
  const float phases[3] = {random.Between(0, 6.28F), random.Between(0, 6.28F), random.Between(0, 6.28F)};
  const float depths[3] = {random.Between(0.05F, 0.16F), random.Between(0.03F, 0.11F), random.Between(0.01F, 0.05F)};
  const auto outline = [&](float size) {
    std::vector<Point> corners;
    for (int i = 0; i < kCorners; ++i) {
      const float angle = static_cast<float>(i) * 2 * kPi / kCorners;
      float radius = 0.78F;
      for (int wave = 0; wave < 3; ++wave)
        radius += depths[wave] * Sine(static_cast<float>(wave + 2) * angle + phases[wave]);
      const Point d = Direction(angle) * (radius * size);
      corners.push_back({d.x * object.length / 2, d.y * object.width / 2});
    }
    return corners;
  };
  const Rgb waters[] = {{40, 78, 88}, {46, 84, 72}, {36, 66, 104}, {56, 82, 78}};
  const Rgb water = waters[random.Below(4)];
  pen->Polygon(outline(1), {{150, 138, 104}, 1, 10});
  pen->Polygon(outline(0.95F), {Darker(water, 0.1F), 1, 4});
  pen->Polygon(outline(0.88F), {water, 1, 5});
  pen->Polygon(outline(0.6F), {Darker(water, 0.16F), 0.6F, 3});
  pen->Polygon(outline(0.35F), {Darker(water, 0.25F), 0.5F, 3});
}

}  // namespace lqvg::scenes
