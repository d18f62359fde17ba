// Draws the shapes that objects are made of, in an object's own frame, on a canvas.
//
// Borrows the canvas. Not thread-safe.
#pragma once

#include <initializer_list>
#include <span>

#include "train/scenes/canvas.h"
#include "train/scenes/geometry.h"

namespace lqvg::scenes {

class Pen {
 public:
  Pen(const Frame& frame, Canvas* canvas) : frame_(frame), canvas_(canvas) {}

  void Polygon(std::span<const Point> corners, const Ink& ink);
  void Polygon(std::initializer_list<Point> corners, const Ink& ink) {
    Polygon(std::span<const Point>(corners.begin(), corners.size()), ink);
  }
  void Rectangle(float x_min, float y_min, float x_max, float y_max, const Ink& ink);
  void Ellipse(Point centre, float x_radius, float y_radius, const Ink& ink);
  void Disc(Point centre, float radius, const Ink& ink) { Ellipse(centre, radius, radius, ink); }
  // The slice of a disc between two angles, to the centre.
  void Sector(Point centre, float radius, float from, float to, const Ink& ink);
  // A rectangle with half discs at its two ends along x.
  void Stadium(float half_length, float half_width, const Ink& ink);
  // Butt ends.
  void Line(Point from, Point to, float width, const Ink& ink);
  // Along a circle.
  void Arc(Point centre, float radius, float from, float to, float width, const Ink& ink);
  // The edges of a rectangle, drawn inwards.
  void Border(float x_min, float y_min, float x_max, float y_max, float width, const Ink& ink);

  // A pen of a frame within this one, on the same canvas.
  Pen At(Point centre, float turn) const;

 private:
  Frame frame_;
  Canvas* canvas_;
};

}  // namespace lqvg::scenes
