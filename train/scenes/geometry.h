// Points, frames and angles in a picture's plane: x to the right, y down.
//
// Stateless and thread-safe. Sine and cosine are our own, as those of libm differ between machines in the last bit.
#pragma once

#include <cmath>

namespace lqvg::scenes {

inline constexpr float kPi = 3.14159265F;

struct Point {
  float x = 0, y = 0;
  friend constexpr Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
  friend constexpr Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
  friend constexpr Point operator*(Point a, float s) { return {a.x * s, a.y * s}; }
};

constexpr float Dot(Point a, Point b) { return a.x * b.x + a.y * b.y; }
inline float LengthOf(Point a) { return std::sqrt(Dot(a, a)); }

// The integer at or below: for |x| < 2^31. std::floor is a call on processors without SSE 4.1.
constexpr int FloorOf(float x) {
  const int toward_zero = static_cast<int>(x);
  return toward_zero - (static_cast<float>(toward_zero) > x ? 1 : 0);
}

// A wave of period 1 and height 1 from two parabolas, within 6 % of a sine and a tenth of its price.
constexpr float Swing(float turns) {
  const float t = turns - static_cast<float>(FloorOf(turns));
  return t < 0.5F ? 16 * t * (0.5F - t) : 16 * (t - 0.5F) * (t - 1);
}

float Sine(float radians);
float Cosine(float radians);
inline Point Direction(float radians) { return {Cosine(radians), Sine(radians)}; }
float AngleOf(Point direction);  // in (-pi, pi]; 0 for no direction

// How far `p` is from the segment from `a` to `b`.
float DistanceToSegment(Point p, Point a, Point b);

// An object's own axes: local x along its axis, local y to the right of it (downwards while the angle is 0).
struct Frame {
  Point centre;
  Point axis = {1, 0};  // of length 1

  constexpr Point ToPicture(Point local) const {
    return {centre.x + local.x * axis.x - local.y * axis.y, centre.y + local.x * axis.y + local.y * axis.x};
  }
  constexpr Point ToLocal(Point p) const {
    const Point d = p - centre;
    return {d.x * axis.x + d.y * axis.y, d.y * axis.x - d.x * axis.y};
  }
};

}  // namespace lqvg::scenes
