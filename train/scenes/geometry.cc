#include "train/scenes/geometry.h"

#include <algorithm>

namespace lqvg::scenes {
namespace {

// Taylor's series up to the power 13: the error stays below 1e-7 for |x| <= pi / 2.
double SineOfSmall(double x) {
  const double s = x * x;
  return x * (1 - s / 6 * (1 - s / 20 * (1 - s / 42 * (1 - s / 72 * (1 - s / 110 * (1 - s / 156))))));
}

}  // namespace

float Sine(float radians) {
  constexpr double kExactPi = 3.14159265358979323846;
  const int half_turns = FloorOf(radians / kPi + 0.5F);
  const double sine = SineOfSmall(static_cast<double>(radians) - half_turns * kExactPi);
  return static_cast<float>(half_turns % 2 != 0 ? -sine : sine);
}

float Cosine(float radians) { return Sine(radians + kPi / 2); }

float AngleOf(Point direction) {
  const float length = LengthOf(direction);
  if (length == 0) return 0;
  const Point unit = direction * (1 / length);
  // The nearest eighth of a turn, then steps that each make a small error its third power.
  float angle = 0;
  float best = -2;
  for (int eighth = -3; eighth <= 4; ++eighth) {
    const float candidate = static_cast<float>(eighth) * kPi / 4;
    if (const float near = Dot(unit, Direction(candidate)); near > best) {
      best = near;
      angle = candidate;
    }
  }
  for (int i = 0; i < 3; ++i) {
    const Point at = Direction(angle);
    angle += at.x * unit.y - at.y * unit.x;
  }
  return angle > kPi ? angle - 2 * kPi : angle;
}

float DistanceToSegment(Point p, Point a, Point b) {
  const Point along = b - a;
  const float square = Dot(along, along);
  const float t = square > 0 ? std::clamp(Dot(p - a, along) / square, 0.0F, 1.0F) : 0.0F;
  return LengthOf(p - (a + along * t));
}

}  // namespace lqvg::scenes
