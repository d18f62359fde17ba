#include <algorithm>

#include "train/scenes/object_painters.h"

namespace lqvg::scenes {
namespace {

const Rgb kAsphalt = {98, 98, 102};
const Ink kMark = {{232, 230, 222}, 0.9F};

}  // namespace

void PaintCar(float length, float width, Rgb colour, Pen* pen) {
  const float x = length / 2;
  const float y = width / 2;
  pen->Polygon({{x, -y * 0.62F},
                {x, y * 0.62F},
                {x * 0.84F, y},
                {-x * 0.9F, y},
                {-x, y * 0.75F},
                {-x, -y * 0.75F},
                {-x * 0.9F, -y},
                {x * 0.84F, -y}},
               {colour});
  // Windscreen and rear window, the roof between them; panes are light on dark cars.
  const bool is_dark = colour.red + colour.green + colour.blue < 180;
  const Ink glass = {is_dark ? Rgb{92, 100, 112} : Mix({44, 50, 60}, colour, 0.3F), 0.85F};
  pen->Polygon({{x * 0.46F, -y * 0.82F}, {x * 0.46F, y * 0.82F}, {x * 0.24F, y * 0.68F}, {x * 0.24F, -y * 0.68F}},
               glass);
  pen->Rectangle(-x * 0.74F, -y * 0.7F, -x * 0.52F, y * 0.7F, glass);
}

void PaintVehicle(const SceneObject& object, Pen* pen) {
  Random random(object.style);
  const Rgb colour = PaintOf(object.colour, &random);
  const float x = object.length / 2;
  const float y = object.width / 2;
  // Long ones are lorries: a cab, a gap, a box.
  if (object.length > 3 * object.width) {
    pen->Rectangle(-x, -y, x * 0.58F, y, {Darker(colour, 0.12F)});
    pen->Rectangle(-x * 0.96F, -y * 0.8F, x * 0.54F, y * 0.8F, {colour});
    pen->Rectangle(x * 0.58F, -y * 0.4F, x * 0.66F, y * 0.4F, {{50, 50, 54}});
    pen->Rectangle(x * 0.64F, -y * 0.92F, x, y * 0.92F, {colour});
    pen->Rectangle(x * 0.8F, -y * 0.8F, x * 0.93F, y * 0.8F, {{48, 54, 64}});
    return;
  }
  PaintCar(object.length, object.width, colour, pen);
}

void PaintRoundabout(const SceneObject& object, Pen* pen) {
  Random random(object.style);
  const float radius = object.length / 2;
  const float island = radius * random.Between(0.42F, 0.56F);
  pen->Disc({0, 0}, radius, {{176, 174, 168}, 1, 6});
  pen->Disc({0, 0}, radius * 0.95F, {kAsphalt, 1, 6});
  const float lane = (radius * 0.95F + island) / 2;
  constexpr int kDashes = 14;
  for (int dash = 0; dash < kDashes; ++dash) {
    const float from = static_cast<float>(dash) * 2 * kPi / kDashes;
    pen->Arc({0, 0}, lane, from, from + kPi / kDashes, std::max(0.5F, 0.03F * radius), kMark);
  }
  pen->Disc({0, 0}, island, {{204, 200, 190}, 1, 4});
  pen->Disc({0, 0}, island * 0.88F, {{92, 138, 72}, 1, 9});
  const int bushes = random.BetweenInts(0, 5);
  for (int bush = 0; bush < bushes; ++bush) {
    const Point at = Direction(static_cast<float>(bush) * 2 * kPi / static_cast<float>(bushes)) * (island * 0.55F);
    pen->Disc(at + Point{0.06F, 0.1F} * island, island * 0.17F, {{40, 62, 36}, 0.7F});
    pen->Disc(at, island * 0.16F, {{62, 104, 50}, 1, 10});
  }
  if (random.Chance(0.5F)) pen->Disc({0, 0}, island * 0.25F, {{190, 170, 130}, 1, 4});
}

void PaintBridge(const SceneObject& object, Pen* pen) {
  Random random(object.style);
  const float x = object.length / 2;
  const float y = object.width / 2;
  const float rail = std::max(0.9F, 0.13F * object.width);
  const bool has_girders = random.Chance(0.3F);
  pen->Rectangle(-x, -y, x, y, {{212, 210, 204}});
  pen->Rectangle(-x, -y + rail, x, y - rail, {Darker(kAsphalt, 0.05F), 1, 5});
  constexpr int kDashes = 7;
  for (int dash = 0; dash < kDashes; ++dash) {
    const float from = -x + object.length * (static_cast<float>(dash) + 0.25F) / kDashes;
    pen->Line({from, 0}, {from + object.length * 0.5F / kDashes, 0}, std::max(0.5F, 0.06F * object.width), kMark);
  }
  for (const float end : {-x, x}) {
    const float inner = end < 0 ? end + rail : end - rail;
    pen->Rectangle(std::min(end, inner), -y, std::max(end, inner), y, {{150, 148, 144}});
  }
  if (!has_girders) return;
  const int girders = std::max(3, static_cast<int>(object.length / object.width));
  for (int girder = 1; girder < girders; ++girder) {
    const float at = -x + object.length * static_cast<float>(girder) / static_cast<float>(girders);
    pen->Line({at, -y}, {at, y}, std::max(0.6F, 0.07F * object.width), {{196, 196, 192}, 0.9F});
  }
}

// Rows of bays on either side of lanes, most bays taken.
void PaintParkingLot(const SceneObject& object, Pen* pen) {
  Random random(object.style);
  const float x = object.length / 2;
  const float y = object.width / 2;
  pen->Rectangle(-x, -y, x, y, {{168, 164, 156}});
  const float rim = std::max(0.8F, 0.02F * object.length);
  pen->Rectangle(-x + rim, -y + rim, x - rim, y - rim, {Darker(kAsphalt, 0.1F), 1, 6});
  const float bay = std::max(2.6F, 0.06F * object.length);  // how wide a bay is
  const float depth = bay * 2;
  const int rows = std::max(2, static_cast<int>((object.width - 2 * rim) / (depth * 1.45F)));
  const float step = (object.width - 2 * rim) / static_cast<float>(rows);
  const int bays = static_cast<int>((object.length - 2 * rim) / bay);
  const Rgb cars[] = {{230, 230, 228}, {200, 202, 204}, {120, 122, 126}, {44, 44, 48}, {166, 52, 48}, {62, 88, 146}};
  for (int row = 0; row < rows; ++row) {
    const float middle = -y + rim + step * (static_cast<float>(row) + 0.5F);
    const float shift = (row % 2 == 0 ? -0.5F : 0.5F) * (step - depth);
    for (int i = 0; i <= bays; ++i) {
      const float at = -x + rim + bay * static_cast<float>(i);
      pen->Line({at, middle + shift - depth / 2}, {at, middle + shift + depth / 2}, std::max(0.3F, 0.1F * bay),
                {{214, 212, 206}, 0.7F});
      if (i == bays || random.Chance(0.35F)) continue;
      Pen parked = pen->At({at + bay / 2, middle + shift}, kPi / 2);
      PaintCar(depth * 0.84F, bay * 0.66F, cars[random.Below(6)], &parked);
    }
  }
}

}  // namespace lqvg::scenes
