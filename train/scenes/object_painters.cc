#include "train/scenes/object_painters.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace lqvg::scenes {
namespace {

using Painter = void (*)(const SceneObject&, Pen*);

constexpr std::array<Painter, kKinds> kPainters = {
    PaintAirplane,        PaintStorageTank,   PaintSwimmingPool,     PaintTennisCourt,
    PaintBasketballCourt, PaintBaseballField, PaintGroundTrackField, PaintShip,
    PaintHarbor,          PaintRoundabout,    PaintBuilding,         PaintVehicle,
    PaintBridge,          PaintParkingLot,    PaintWindmill,         PaintPond};

// How far the shadow of an object's top falls, in parts of its width; 0: it lies flat.
float ReachOf(const SceneObject& object) {
  switch (object.kind) {
    case Kind::kAirplane:
      return 0.10F;
    case Kind::kStorageTank:
      return 0.28F;
    case Kind::kBuilding:
      return 0.16F + 0.2F * UnitOf(static_cast<std::uint32_t>(Scramble(object.style)));
    case Kind::kShip:
      return 0.18F;
    case Kind::kVehicle:
      return 0.28F;
    case Kind::kBridge:
      return 0.35F;
    case Kind::kHarbor:
      return 0.02F;
    default:
      return 0;
  }
}

Frame FrameOf(const SceneObject& object, Point shift) {
  return {Point{object.centre_x, object.centre_y} + shift, Direction(object.angle)};
}

void PaintWake(const SceneObject& object, Pen* pen) {
  Random random(object.style ^ 0x57414B45U);
  if (random.Chance(0.4F)) return;  // at anchor
  const float x = object.length / 2;
  const float y = object.width / 2;
  const float reach = object.length * random.Between(0.6F, 1.3F);
  // Churned water astern that thins out, and the two arms of the bow wave.
  constexpr int kPuffs = 7;
  for (int puff = 0; puff < kPuffs; ++puff) {
    const float part = (static_cast<float>(puff) + 0.5F) / kPuffs;
    pen->Ellipse({-x - reach * part * 0.9F, 0}, reach * 0.13F, y * (0.75F + 0.5F * part),
                 {{230, 240, 240}, 0.34F * (1 - part), 24});
  }
  for (const float side : {-1.0F, 1.0F}) {
    const Point bow = {x * 0.75F, side * y * 0.7F};
    const Point end = {-x - reach * 0.3F, side * y * 2.1F};
    pen->Polygon({bow, end + Point{0, side * y * 0.25F}, end - Point{0, side * y * 0.2F}}, {{226, 236, 238}, 0.3F, 24});
  }
}

}  // namespace

Rgb PaintOf(Colour colour, Random* random) {
  static constexpr std::array<Rgb, kColours> kPaints = {{{150, 150, 150},
                                                         {240, 240, 237},
                                                         {142, 144, 147},
                                                         {36, 36, 40},
                                                         {206, 36, 30},
                                                         {44, 92, 184},
                                                         {52, 130, 76},
                                                         {232, 194, 44},
                                                         {112, 72, 40}}};
  const Rgb paint = kPaints[static_cast<std::size_t>(colour)];
  if (random == nullptr) return paint;
  const float vary = random->Between(0, 0.09F);
  return random->Chance(0.5F) ? Darker(paint, vary) : Lighter(paint, vary);
}

void PaintObject(const SceneObject& object, Canvas* canvas) {
  Pen pen(FrameOf(object, {}), canvas);
  kPainters[static_cast<std::size_t>(object.kind)](object, &pen);
}

void PaintBelow(const SceneObject& object, Canvas* canvas) {
  Pen pen(FrameOf(object, {}), canvas);
  if (object.kind == Kind::kShip) PaintWake(object, &pen);
  if (object.kind == Kind::kStorageTank) {
    pen.Disc({0, 0}, object.length * 0.62F, {{170, 162, 146}, 0.45F, 8});
  }
}

void PaintShadow(const SceneObject& object, float sun_angle, Canvas* canvas) {
  const Point away = Direction(sun_angle);
  if (object.kind == Kind::kWindmill) {
    const Point top = away * (object.length * 0.9F);
    Pen tower({{object.centre_x, object.centre_y}, {1, 0}}, canvas);
    tower.Line({0, 0}, top, std::max(0.9F, 0.045F * object.length), {});
    Pen rotor(FrameOf(object, top), canvas);
    PaintWindmill(object, &rotor);
    return;
  }
  const float reach = ReachOf(object) * std::min(object.length, object.width);
  if (reach <= 0) return;
  // A solid's shadow is its silhouette all the way; an airplane's stands apart from it.
  const int steps = object.kind == Kind::kAirplane ? 1 : std::clamp(static_cast<int>(reach * 0.8F), 2, 12);
  for (int step = 1; step <= steps; ++step) {
    Pen pen(FrameOf(object, away * (reach * static_cast<float>(step) / static_cast<float>(steps))), canvas);
    kPainters[static_cast<std::size_t>(object.kind)](object, &pen);
  }
}

Bounds MeasureObject(const SceneObject& object) {
  Bounds extent = {1e9F, 1e9F, -1e9F, -1e9F};
  Canvas canvas(&extent);
  PaintObject(object, &canvas);
  return extent;
}

}  // namespace lqvg::scenes
