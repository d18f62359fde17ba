#include "train/scenes/pen.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

namespace lqvg::scenes {
namespace {

// Enough sides that no side is longer than about two pixels, up to what a large picture needs.
int SidesOf(float radius) { return std::clamp(static_cast<int>(std::abs(radius) * 3), 12, 72); }

}  // namespace

void Pen::Polygon(std::span<const Point> corners, const Ink& ink) {
  constexpr std::size_t kFew = 80;
  std::array<Point, kFew> few;
  if (corners.size() <= kFew) {
    for (std::size_t i = 0; i < corners.size(); ++i) few[i] = frame_.ToPicture(corners[i]);
    return canvas_->Fill({few.data(), corners.size()}, ink);
  }
  std::vector<Point> many;
  many.reserve(corners.size());
  for (const Point p : corners) many.push_back(frame_.ToPicture(p));
  canvas_->Fill(many, ink);
}

Pen Pen::At(Point centre, float turn) const {
  const Point axis = Direction(turn);
  const Point turned = {axis.x * frame_.axis.x - axis.y * frame_.axis.y,
                        axis.x * frame_.axis.y + axis.y * frame_.axis.x};
  return {{frame_.ToPicture(centre), turned}, canvas_};
}

void Pen::Rectangle(float x_min, float y_min, float x_max, float y_max, const Ink& ink) {
  Polygon({{x_min, y_min}, {x_max, y_min}, {x_max, y_max}, {x_min, y_max}}, ink);
}

void Pen::Ellipse(Point centre, float x_radius, float y_radius, const Ink& ink) {
  const int sides = SidesOf(std::max(x_radius, y_radius));
  std::vector<Point> corners;
  corners.reserve(static_cast<std::size_t>(sides));
  const Point step = Direction(2 * kPi / static_cast<float>(sides));
  Point d = {1, 0};
  for (int i = 0; i < sides; ++i) {
    corners.push_back({centre.x + d.x * x_radius, centre.y + d.y * y_radius});
    d = {d.x * step.x - d.y * step.y, d.x * step.y + d.y * step.x};
  }
  Polygon(corners, ink);
}

void Pen::Sector(Point centre, float radius, float from, float to, const Ink& ink) {
  const int sides = SidesOf(radius);
  std::vector<Point> corners = {centre};
  for (int i = 0; i <= sides; ++i) {
    const float angle = from + (to - from) * static_cast<float>(i) / static_cast<float>(sides);
    corners.push_back(centre + Direction(angle) * radius);
  }
  Polygon(corners, ink);
}

void Pen::Stadium(float half_length, float half_width, const Ink& ink) {
  const float straight = std::max(0.0F, half_length - half_width);
  const int sides = SidesOf(half_width) / 2;
  std::vector<Point> corners;
  for (int i = 0; i <= sides; ++i) {
    const Point d = Direction(-kPi / 2 + kPi * static_cast<float>(i) / static_cast<float>(sides));
    corners.push_back({straight + d.x * half_width, d.y * half_width});
  }
  for (int i = 0; i <= sides; ++i) {
    const Point d = Direction(kPi / 2 + kPi * static_cast<float>(i) / static_cast<float>(sides));
    corners.push_back({-straight + d.x * half_width, d.y * half_width});
  }
  Polygon(corners, ink);
}

void Pen::Line(Point from, Point to, float width, const Ink& ink) {
  const Point along = to - from;
  const float length = LengthOf(along);
  if (length == 0) return;
  const Point side = Point{-along.y, along.x} * (width / 2 / length);
  Polygon({from + side, to + side, to - side, from - side}, ink);
}

void Pen::Arc(Point centre, float radius, float from, float to, float width, const Ink& ink) {
  const int sides = SidesOf(radius);
  std::vector<Point> corners;
  for (int i = 0; i <= sides; ++i) {
    corners.push_back(centre + Direction(from + (to - from) * static_cast<float>(i) / static_cast<float>(sides)) *
                                   (radius + width / 2));
  }
  for (int i = sides; i >= 0; --i) {
    corners.push_back(centre + Direction(from + (to - from) * static_cast<float>(i) / static_cast<float>(sides)) *
                                   (radius - width / 2));
  }
  Polygon(corners, ink);
}

void Pen::Border(float x_min, float y_min, float x_max, float y_max, float width, const Ink& ink) {
  Rectangle(x_min, y_min, x_max, y_min + width, ink);
  Rectangle(x_min, y_max - width, x_max, y_max, ink);
  Rectangle(x_min, y_min + width, x_min + width, y_max - width, ink);
  Rectangle(x_max - width, y_min + width, x_max, y_max - width, ink);
}

}  // namespace lqvg::scenes
