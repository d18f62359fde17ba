#include <algorithm>

#include "train/scenes/object_painters.h"

namespace lqvg::scenes {
namespace {

const Ink kLine = {{244, 244, 240}, 0.95F};

// A line's width: to scale it would be a tenth of a pixel.
float LineOf(float length) { return std::max(0.55F, 0.017F * length); }

}  // namespace

// 23.77 m by 10.97 m within a margin; singles 8.23 m wide, service lines 6.40 m from the net.
void PaintTennisCourt(const SceneObject& object, Pen* pen) {
  Random random(object.style);
  const Rgb surface = PaintOf(object.colour, &random);
  const float x = object.length / 2;
  const float y = object.width / 2;
  const float metre = object.length / 32;
  const float line = LineOf(object.length);
  const float end = std::min(11.885F * metre, x - line);
  const float side = std::min(5.485F * metre, y - line);
  const float single = side * 0.75F;
  const float service = 6.4F * metre;
  pen->Rectangle(-x, -y, x, y, {Darker(surface, 0.22F), 1, 6});
  pen->Rectangle(-end, -side, end, side, {surface, 1, 5});
  pen->Border(-end, -side, end, side, line, kLine);
  for (const float at : {-single, single}) pen->Line({-end, at}, {end, at}, line, kLine);
  for (const float at : {-service, service}) pen->Line({at, -single}, {at, single}, line, kLine);
  pen->Line({-service, 0}, {service, 0}, line, kLine);
  pen->Line({0, -side - metre}, {0, side + metre}, line * 0.8F, {{50, 54, 56}, 0.8F});
}

// 28 m by 15 m within a margin; a centre circle, and at each end the key and the three-point line.
void PaintBasketballCourt(const SceneObject& object, Pen* pen) {
  Random random(object.style);
  const Rgb surface = PaintOf(object.colour, &random);
  const float x = object.length / 2;
  const float y = object.width / 2;
  const float metre = object.length / 31;
  const float line = LineOf(object.length);
  const float end = std::min(14 * metre, x - line);
  const float side = std::min(7.5F * metre, y - line);
  const Ink key = {Mix(surface, {150, 60, 50}, random.Chance(0.5F) ? 0.0F : 0.35F), 1, 4};
  pen->Rectangle(-x, -y, x, y, {Darker(surface, 0.2F), 1, 6});
  pen->Rectangle(-end, -side, end, side, {surface, 1, 5});
  for (const float way : {-1.0F, 1.0F}) {
    const float inner = way * (end - 5.8F * metre);
    pen->Rectangle(std::min(way * end, inner), -2.45F * metre, std::max(way * end, inner), 2.45F * metre,
                   {Darker(key.colour, 0.2F), 1, 4});
    pen->Border(std::min(way * end, inner), -2.45F * metre, std::max(way * end, inner), 2.45F * metre, line, kLine);
    const float middle = way > 0 ? kPi : 0;
    pen->Arc({way * (end - 1.575F * metre), 0}, 6.6F * metre, middle - kPi / 2, middle + kPi / 2, line, kLine);
    pen->Arc({inner, 0}, 1.8F * metre, middle - kPi / 2, middle + kPi / 2, line, kLine);
  }
  pen->Border(-end, -side, end, side, line, kLine);
  pen->Line({0, -side}, {0, side}, line, kLine);
  pen->Arc({0, 0}, 1.8F * metre, 0, 2 * kPi, line, kLine);
}

// A quarter of a disc: home plate at -x, the outfield's fence towards +x, dirt round the diamond.
void PaintBaseballField(const SceneObject& object, Pen* pen) {
  Random random(object.style);
  const float x = object.length / 2;
  const float radius = object.length * 0.96F;
  const Point home = {-x + 0.04F * object.length, 0};
  const Rgb grass = {static_cast<std::uint8_t>(random.BetweenInts(72, 92)),
                     static_cast<std::uint8_t>(random.BetweenInts(128, 146)), 66};
  const Ink dirt = {{192, 150, 104}, 1, 9};
  const float eighth = kPi / 4;
  pen->Disc(home, 0.04F * object.length, dirt);
  pen->Sector(home, radius, -eighth, eighth, dirt);
  pen->Sector(home + Point{0.02F * radius, 0}, radius * 0.93F, -eighth * 0.97F, eighth * 0.97F, {grass, 1, 6});
  for (int band = 1; band < 4; ++band) {
    pen->Arc(home, radius * (0.5F + 0.11F * static_cast<float>(band)), -eighth * 0.93F, eighth * 0.93F, radius * 0.05F,
             {Lighter(grass, 0.12F), 0.6F, 4});
  }
  pen->Sector(home, radius * 0.52F, -eighth, eighth, dirt);
  const float base = radius * 0.29F;  // from home to first, along the foul line
  const float half = base * 0.70711F;
  pen->Polygon({home + Point{0.05F * radius, 0}, home + Point{half, half * 0.86F},
                home + Point{2 * half - 0.04F * radius, 0}, home + Point{half, -half * 0.86F}},
               {grass, 1, 6});
  pen->Disc(home + Point{half, 0}, radius * 0.035F, dirt);
  const float line = LineOf(object.length) * 0.8F;
  for (const float way : {-1.0F, 1.0F})
    pen->Line(home, home + Direction(way * eighth * 0.97F) * (radius * 0.93F), line, kLine);
  const float mark = std::max(0.5F, 0.012F * radius);
  for (const Point at : {Point{0, 0}, Point{half, half}, Point{2 * half, 0}, Point{half, -half}}) {
    const Point p = home + at;
    pen->Rectangle(p.x - mark, p.y - mark, p.x + mark, p.y + mark, kLine);
  }
}

void PaintGroundTrackField(const SceneObject& object, Pen* pen) {
  Random random(object.style);
  const float x = object.length / 2;
  const float y = object.width / 2;
  const Rgb tracks[] = {{178, 84, 66}, {164, 96, 82}, {152, 72, 58}, {70, 104, 148}};
  const Rgb track = tracks[random.Below(4)];
  const float band = 0.17F * object.width;
  pen->Stadium(x, y, {track, 1, 5});
  if (object.width > 20) {
    for (int lane = 1; lane < 4; ++lane) {
      const float in = band * static_cast<float>(lane) / 4;
      const float line = std::max(0.35F, 0.006F * object.width);
      pen->Stadium(x - in, y - in, {{236, 224, 214}, 0.6F});
      pen->Stadium(x - in - line, y - in - line, {track, 1, 5});
    }
  }
  const Rgb grass = {84, static_cast<std::uint8_t>(random.BetweenInts(128, 150)), 72};
  pen->Stadium(x - band, y - band, {grass, 1, 5});
  const float field = x - y;  // the straight part
  const float half = (y - band) * 0.86F;
  for (int stripe = 0; stripe < 8; stripe += 2) {
    const float from = -field + 2 * field * static_cast<float>(stripe) / 8;
    pen->Rectangle(from, -half, from + field / 4, half, {Lighter(grass, 0.12F), 1, 5});
  }
  const float line = std::max(0.5F, 0.01F * object.width);
  pen->Border(-field, -half, field, half, line, kLine);
  pen->Line({0, -half}, {0, half}, line, kLine);
  pen->Arc({0, 0}, half * 0.27F, 0, 2 * kPi, line, kLine);
  for (const float way : {-1.0F, 1.0F}) {
    const float inner = way * (field - half * 0.48F);
    pen->Border(std::min(way * field, inner), -half * 0.55F, std::max(way * field, inner), half * 0.55F, line, kLine);
    pen->Sector({way * (field + line), 0}, half * 0.5F, way > 0 ? -kPi / 2 : kPi / 2, way > 0 ? kPi / 2 : 3 * kPi / 2,
                {Mix(track, grass, 0.25F), 0.9F, 4});
  }
}

}  // namespace lqvg::scenes
