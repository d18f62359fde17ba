#include <algorithm>

#include "train/scenes/object_painters.h"

namespace lqvg::scenes {
namespace {

void Hull(float centre, float length, float width, const Ink& ink, Pen* pen) {
  const float x = length / 2;
  const float y = width / 2;
  const Point outline[] = {{x, 0},          {x * 0.86F, y * 0.5F},  {x * 0.62F, y * 0.9F}, {x * 0.35F, y},
                           {-x * 0.9F, y},  {-x, y * 0.72F},        {-x, -y * 0.72F},      {-x * 0.9F, -y},
                           {x * 0.35F, -y}, {x * 0.62F, -y * 0.9F}, {x * 0.86F, -y * 0.5F}};
  Pen shifted = pen->At({centre, 0}, 0);
  shifted.Polygon(outline, ink);
}

// Containers or hatches between the bridge and the bow.
void Cargo(const SceneObject& object, Rgb hull, Random* random, Pen* pen) {
  const float x = object.length / 2;
  const float y = object.width / 2 * 0.72F;
  const Rgb boxes[] = {{176, 70, 56}, {70, 104, 150}, {196, 176, 120}, {110, 130, 110}, {150, 150, 152}};
  const bool has_containers = random->Chance(0.45F);
  constexpr int kHolds = 6;
  for (int hold = 0; hold < kHolds; ++hold) {
    const float from = -x * 0.52F + x * 1.12F * static_cast<float>(hold) / kHolds;
    const float to = from + x * 1.12F / kHolds * 0.8F;
    if (!has_containers) {
      pen->Rectangle(from, -y * 0.7F, to, y * 0.7F, {Mix(hull, {90, 84, 80}, 0.2F)});
      continue;
    }
    for (int row = 0; row < 3; ++row) {
      const float side = -y + 2 * y * static_cast<float>(row) / 3;
      pen->Rectangle(from, side, to, side + 2 * y / 3 * 0.9F, {Mix(boxes[random->Below(5)], hull, 0.68F)});
    }
  }
}

}  // namespace

void PaintBoat(float length, float width, Rgb hull, Pen* pen) {
  Hull(0, length, width, {Darker(hull, 0.25F)}, pen);
  Hull(length * 0.01F, length * 0.88F, width * 0.74F, {hull}, pen);
  pen->Line({-length * 0.22F, 0}, {length * 0.06F, 0}, width * 0.45F, {Mix(hull, {60, 70, 80}, 0.55F)});
}

void PaintShip(const SceneObject& object, Pen* pen) {
  Random random(object.style);
  const Rgb hull = PaintOf(object.colour, &random);
  const float length = object.length;
  const float width = object.width;
  if (length < 24) return PaintBoat(length, width, hull, pen);
  Hull(0, length, width, {Darker(hull, 0.3F)}, pen);
  Hull(length * 0.005F, length * 0.95F, width * 0.84F, {hull, 1, 3}, pen);
  Cargo(object, hull, &random, pen);
  // The bridge near the stern, its funnel, and the mast at the bow.
  const float x = length / 2;
  const float y = width / 2 * 0.78F;
  pen->Rectangle(-x * 0.84F, -y, -x * 0.6F, y, {Mix(hull, {228, 228, 224}, 0.6F)});
  pen->Rectangle(-x * 0.64F, -y, -x * 0.6F, y, {{70, 80, 92}, 0.8F});
  pen->Disc({-x * 0.75F, 0}, width * 0.12F, {{86, 60, 56}});
  pen->Disc({x * 0.76F, 0}, std::max(0.6F, width * 0.06F), {Darker(hull, 0.4F)});
}

// The land is at -y: a quay along it, piers from it towards +y, and boats alongside.
void PaintHarbor(const SceneObject& object, Pen* pen) {
  Random random(object.style);
  const float x = object.length / 2;
  const float y = object.width / 2;
  const Ink concrete = {{188, 184, 174}, 1, 7};
  const Ink edge = {{128, 122, 114}};
  const int piers = std::max(2, static_cast<int>(object.length / (0.42F * object.width + 4)));
  const float quay = 0.2F * object.width;
  const float thickness = std::max(1.6F, 0.055F * object.length);
  const Rgb hulls[] = {{236, 236, 232}, {226, 228, 226}, {80, 110, 160}, {150, 152, 156}, {168, 70, 62}};
  for (int pier = 0; pier < piers; ++pier) {
    const float part = static_cast<float>(pier) / static_cast<float>(piers - 1);
    const float at = -x + thickness / 2 + (object.length - thickness) * part;
    pen->Line({at, -y + quay * 0.5F}, {at, y}, thickness, edge);
    pen->Line({at, -y + quay * 0.5F}, {at, y - 0.6F}, thickness * 0.72F, concrete);
    const float spacing = object.length / static_cast<float>(piers - 1);
    for (const float side : {-1.0F, 1.0F}) {
      const float room = std::min(spacing * 0.34F, object.width * 0.3F);
      const float berth = at + side * (thickness / 2 + room * 0.55F);
      if (berth < -x + room * 0.5F || berth > x - room * 0.5F) continue;
      const float step = std::max(2.6F, room * 0.5F);
      for (float along = -y + quay + step; along < y - step * 0.6F; along += step) {
        if (random.Chance(0.25F)) continue;
        Pen berthed = pen->At({berth, along}, side > 0 ? 0 : kPi);
        const float boat = room * random.Between(0.75F, 1);
        const float beam = step * random.Between(0.55F, 0.72F);
        PaintBoat(boat, beam, hulls[random.Below(5)], &berthed);
      }
    }
  }
  pen->Rectangle(-x, -y, x, -y + quay, edge);
  pen->Rectangle(-x, -y, x, -y + quay * 0.86F, concrete);
  pen->Line({-x, -y + quay * 0.4F}, {x, -y + quay * 0.4F}, quay * 0.2F, {{150, 148, 142}});
}

}  // namespace lqvg::scenes
