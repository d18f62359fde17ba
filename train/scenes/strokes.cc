#include <algorithm>
#include <cstddef>

#include "train/scenes/pen.h"
#include "train/scenes/random.h"
#include "train/scenes/terrain.h"

namespace lqvg::scenes {
namespace {

// A band along the stroke, with round joints; `aside` shifts it to the stroke's right.
void Band(const Stroke& stroke, float width, const Ink& ink, Pen* pen) {
  for (std::size_t i = 0; i < stroke.points.size(); ++i) {
    const Point a = {stroke.points[i][0], stroke.points[i][1]};
    pen->Disc(a, width / 2, ink);
    if (i + 1 == stroke.points.size()) break;
    pen->Line(a, {stroke.points[i + 1][0], stroke.points[i + 1][1]}, width, ink);
  }
}

// Dashes of `dash` pixels with gaps as long, or an unbroken line where `dash` is 0, `aside` of the middle.
void Mark(const Stroke& stroke, float aside, float width, float dash, const Ink& ink, Pen* pen) {
  float travelled = 0;
  for (std::size_t i = 0; i + 1 < stroke.points.size(); ++i) {
    const Point a = {stroke.points[i][0], stroke.points[i][1]};
    const Point d = Point{stroke.points[i + 1][0], stroke.points[i + 1][1]} - a;
    const float length = LengthOf(d);
    if (length == 0) continue;
    const Point along = d * (1 / length);
    const Point side = Point{-along.y, along.x} * aside;
    if (dash == 0) {
      pen->Line(a + side, a + d + side, width, ink);
      continue;
    }
    for (float at = -travelled; at < length; at += 2 * dash) {
      const float from = std::max(at, 0.0F);
      const float to = std::min(at + dash, length);
      if (to > from) pen->Line(a + side + along * from, a + side + along * to, width, ink);
    }
    travelled += length;
    while (travelled > 2 * dash) travelled -= 2 * dash;
  }
}

void PaintRoad(const Stroke& stroke, float unit, Pen* pen) {
  const bool is_wide = stroke.width > 13 * unit;
  Band(stroke, stroke.width + 2.4F * unit, {{158, 152, 136}, 0.8F, 8}, pen);
  Band(stroke, stroke.width, {{98, 98, 102}, 1, 5}, pen);
  const float line = std::max(0.55F, 0.55F * unit);
  const Ink white = {{222, 222, 216}, 0.85F};
  for (const float way : {-0.43F, 0.43F}) Mark(stroke, way * stroke.width, line, 0, white, pen);
  if (is_wide) {
    for (const float way : {-0.22F, 0.22F}) Mark(stroke, way * stroke.width, line, 3.2F * unit, white, pen);
    Mark(stroke, 0, line * 2, 0, {{206, 176, 84}, 0.85F}, pen);
  } else {
    Mark(stroke, 0, line, 3 * unit, white, pen);
  }
}

void PaintTrack(const Stroke& stroke, float unit, Pen* pen) {
  Band(stroke, stroke.width, {{170, 148, 112}, 0.9F, 10}, pen);
  for (const float way : {-0.22F, 0.22F})
    Mark(stroke, way * stroke.width, 0.9F * unit, 0, {{134, 112, 82}, 0.5F, 10}, pen);
}

void PaintRiver(const Stroke& stroke, float unit, Rgb water, Pen* pen) {
  Band(stroke, stroke.width + 5 * unit, {{116, 118, 84}, 0.7F, 14}, pen);
  Band(stroke, stroke.width + 1.6F * unit, {{168, 156, 122}, 1, 10}, pen);
  Band(stroke, stroke.width, {Lighter(water, 0.12F), 1, 4}, pen);
  Band(stroke, stroke.width * 0.8F, {water, 1, 4}, pen);
  Band(stroke, stroke.width * 0.5F, {Darker(water, 0.12F), 1, 4}, pen);
}

}  // namespace

void PaintStrokes(const Scene& scene, Image* image) {
  const float unit = static_cast<float>(std::min(scene.width, scene.height)) / 256;
  const Rgb waters[] = {{62, 96, 104}, {78, 102, 88}, {56, 84, 110}, {98, 106, 84}};
  const Rgb water = waters[HashOf(scene.seed, 2, 2) % 4];
  Canvas canvas(image);
  Pen pen({}, &canvas);
  for (const Stroke& stroke : scene.strokes) {
    switch (stroke.material) {
      case Stroke::Material::kAsphalt:
        PaintRoad(stroke, unit, &pen);
        break;
      case Stroke::Material::kDirt:
        PaintTrack(stroke, unit, &pen);
        break;
      case Stroke::Material::kWater:
        PaintRiver(stroke, unit, water, &pen);
        break;
    }
  }
}

}  // namespace lqvg::scenes
