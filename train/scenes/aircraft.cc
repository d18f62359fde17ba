#include <algorithm>

#include "train/scenes/object_painters.h"

namespace lqvg::scenes {
namespace {

// Both wings (or tail planes): the leading edge starts at `root` and ends `sweep` further back.
void Wings(float root, float chord, float half_span, float sweep, float tip, const Ink& ink, Pen* pen) {
  for (const float side : {-1.0F, 1.0F}) {
    pen->Polygon(
        {{root, 0}, {root - sweep, side * half_span}, {root - sweep - tip, side * half_span}, {root - chord, 0}}, ink);
  }
}

void Engines(int pairs, float length, float half_span, float sweep, const Ink& ink, Pen* pen) {
  for (int pair = 0; pair < pairs; ++pair) {
    const float part = pairs == 1 ? 0.36F : 0.28F + 0.3F * static_cast<float>(pair);
    const float x = 0.15F * length - sweep * part;  // hung before the wing
    for (const float side : {-1.0F, 1.0F}) {
      const float y = side * part * half_span;
      const float half = std::max(0.026F * length, 0.45F);
      pen->Rectangle(x - 0.05F * length, y - half, x + 0.05F * length, y + half, ink);
    }
  }
}

void Fuselage(float length, float half_width, const Ink& ink, Pen* pen) {
  const float h = length / 2;
  const float w = half_width;
  pen->Polygon({{h, 0},
                {h - 0.03F * length, 0.55F * w},
                {h - 0.10F * length, w},
                {-0.22F * length, w},
                {-0.42F * length, 0.45F * w},
                {-h, 0.12F * w},
                {-h, -0.12F * w},
                {-0.42F * length, -0.45F * w},
                {-0.22F * length, -w},
                {h - 0.10F * length, -w},
                {h - 0.03F * length, -0.55F * w}},
               ink);
}

}  // namespace

void PaintAirplane(const SceneObject& object, Pen* pen) {
  Random random(object.style);
  const Rgb body = PaintOf(object.colour, &random);
  const float length = object.length;
  const float half_span = object.width / 2;
  const bool is_straight = random.Chance(0.25F);
  const float sweep = is_straight ? 0.03F * length : random.Between(0.20F, 0.28F) * length;
  const Ink wing = {Darker(body, 0.10F)};
  const Ink edge = {Darker(body, 0.30F)};
  Engines(is_straight || random.Chance(0.7F) ? 1 : 2, length, half_span, sweep, {Darker(body, 0.42F)}, pen);
  // A darker trailing edge, then the wing in front of it.
  Wings(0.14F * length, 0.23F * length, half_span, sweep, 0.07F * length, edge, pen);
  Wings(0.14F * length, 0.19F * length, half_span, sweep, 0.05F * length, wing, pen);
  Wings(-0.33F * length, 0.12F * length, 0.36F * half_span, 0.09F * length, 0.05F * length, wing, pen);
  const float half_width = std::max(0.048F * length, 0.8F);
  Fuselage(length, half_width, {Lighter(body, 0.12F)}, pen);
  pen->Line({-0.05F * length, half_width * 0.8F}, {0.42F * length, half_width * 0.7F}, half_width * 0.35F,
            {Darker(body, 0.22F)});
  // The fin, seen edge on, often in the airline's colour; the cockpit's windows.
  const Rgb liveries[] = {{60, 70, 110}, {150, 40, 40}, {90, 95, 100}, {40, 90, 130}};
  pen->Line({-0.48F * length, 0}, {-0.30F * length, 0}, half_width * 0.5F, {liveries[random.Below(4)]});
  pen->Line({0.43F * length, 0}, {0.455F * length, 0}, half_width * 1.1F, {{50, 55, 65}});
}

}  // namespace lqvg::scenes
