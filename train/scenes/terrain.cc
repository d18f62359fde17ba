#include "train/scenes/terrain.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "train/scenes/random.h"
#include "train/scenes/value_noise.h"

namespace lqvg::scenes {
namespace {

// What the textures read for each pixel.
struct Place {
  int x, y;
  float unit;   // pixels that are one at 256
  float broad;  // noise of large patches, about -1..1
  float fine;   // noise of small ones
  Frame grid;   // the turned axes of fields and blocks
  std::uint64_t seed;
  int palette;
};

Rgb GrassAt(const Place& p) {
  constexpr Rgb kDark[] = {{74, 100, 58}, {96, 110, 66}, {84, 98, 70}};
  constexpr Rgb kLight[] = {{122, 142, 84}, {148, 148, 98}, {116, 128, 92}};
  const Rgb colour = Mix(kDark[p.palette], kLight[p.palette], std::clamp(0.5F + p.broad, 0.0F, 1.0F));
  return Mix(colour, p.fine > 0 ? Rgb{170, 162, 118} : Rgb{40, 56, 34}, std::min(std::abs(p.fine) * 0.5F, 0.35F));
}

// The cell of a grid of uneven rectangles, and how far inside it the point is.
struct Cell {
  std::uint32_t hash;
  float u, v, inside;
};

Cell CellAt(const Place& p, float wide, float high) {
  const Point q = p.grid.ToLocal({static_cast<float>(p.x), static_cast<float>(p.y)});
  const int column = static_cast<int>(std::floor(q.x / wide));
  const float stretch = 0.6F + 0.8F * UnitOf(HashOf(p.seed, column, -77));
  const float shift = UnitOf(HashOf(p.seed, column, -78));
  const float row = q.y / (high * stretch) + shift;
  const int line = static_cast<int>(std::floor(row));
  const float across = q.x - static_cast<float>(column) * wide;
  const float along = (row - static_cast<float>(line)) * high * stretch;
  const float inside = std::min({across, wide - across, along, high * stretch - along});
  return {HashOf(p.seed, column, line), q.x, q.y, inside};
}

Rgb FieldsAt(const Place& p) {
  constexpr Rgb kCrops[] = {{122, 138, 78}, {98, 122, 64},   {164, 152, 98}, {142, 116, 82},
                            {86, 108, 60},  {176, 164, 116}, {130, 142, 92}, {116, 96, 70}};
  const Cell cell = CellAt(p, 74 * p.unit, 58 * p.unit);
  Rgb colour = kCrops[cell.hash % 8];
  if (cell.inside < 1.2F * p.unit) return Mix({134, 124, 92}, {84, 100, 60}, std::clamp(0.5F + p.fine, 0.0F, 1.0F));
  const bool is_along = (cell.hash & 8U) != 0;
  const float period = (3 + static_cast<float>(cell.hash >> 4 & 3U)) * p.unit;
  const float row = (is_along ? cell.u : cell.v) / period;
  const float wave = std::abs(row - std::floor(row) - 0.5F) * 2;
  colour = Mix(colour, Darker(colour, 0.3F), wave * 0.55F);
  return Mix(colour, p.fine + p.broad > 0 ? Rgb{220, 210, 170} : Rgb{50, 56, 40},
             std::min(std::abs(p.fine + p.broad) * 0.3F, 0.3F));
}

Rgb DesertAt(const Place& p) {
  constexpr Rgb kSands[] = {{206, 180, 136}, {196, 164, 122}, {188, 172, 146}};
  Rgb colour = Mix(Darker(kSands[p.palette], 0.16F), kSands[p.palette], std::clamp(0.5F + p.broad, 0.0F, 1.0F));
  // Ripples across the wind, bent by the broad noise.
  const Point q = p.grid.ToLocal({static_cast<float>(p.x), static_cast<float>(p.y)});
  const float ripple = q.x / (7 * p.unit) + p.broad * 3;
  const float wave = std::abs(ripple - std::floor(ripple) - 0.5F) * 2;
  colour = Mix(colour, {122, 96, 66}, wave * wave * 0.22F * std::clamp(0.5F + p.broad, 0.0F, 1.0F));
  return Mix(colour, p.fine > 0 ? Rgb{236, 214, 176} : Rgb{130, 106, 78}, std::min(std::abs(p.fine) * 0.35F, 0.3F));
}

Rgb ConcreteAt(const Place& p) {
  constexpr Rgb kSlabs[] = {{166, 164, 158}, {150, 150, 150}, {178, 172, 160}};
  const float slab = 26 * p.unit;
  const Point q = p.grid.ToLocal({static_cast<float>(p.x), static_cast<float>(p.y)});
  const float across = q.x - std::floor(q.x / slab) * slab;
  const float along = q.y - std::floor(q.y / slab) * slab;
  const std::uint32_t hash =
      HashOf(p.seed, static_cast<int>(std::floor(q.x / slab)), static_cast<int>(std::floor(q.y / slab)));
  Rgb colour = Mix(kSlabs[p.palette], {120, 118, 114}, UnitOf(hash) * 0.22F);
  if (std::min(across, along) < std::max(0.8F, 0.7F * p.unit)) colour = Darker(colour, 0.16F);
  colour = Mix(colour, {96, 94, 90}, std::clamp(p.broad * 0.5F, 0.0F, 0.3F));
  return Mix(colour, p.fine > 0 ? Rgb{210, 208, 200} : Rgb{90, 88, 84}, std::min(std::abs(p.fine) * 0.25F, 0.2F));
}

// Blocks of yards, lawns and gravel between alleys.
Rgb TownAt(const Place& p) {
  constexpr Rgb kYards[] = {{150, 146, 136}, {112, 126, 82},  {162, 152, 130},
                            {98, 114, 74},   {138, 136, 132}, {126, 134, 96}};
  const Cell cell = CellAt(p, 62 * p.unit, 50 * p.unit);
  if (cell.inside < 3.2F * p.unit) return Mix({126, 126, 126}, {108, 108, 110}, std::clamp(0.5F + p.fine, 0.0F, 1.0F));
  if (cell.inside < 4.6F * p.unit) return {172, 168, 160};
  const Rgb colour =
      Mix(kYards[cell.hash % 6], kYards[(cell.hash >> 8) % 6], std::clamp(0.3F + p.broad * 1.2F, 0.0F, 1.0F));
  return Mix(colour, p.fine > 0 ? Rgb{190, 184, 166} : Rgb{62, 66, 50}, std::min(std::abs(p.fine) * 0.45F, 0.32F));
}

// Crowns: the nearest of points scattered one to a cell, lit from the upper left.
Rgb ForestAt(const Place& p) {
  const float size = 7 * p.unit;
  const float u = (static_cast<float>(p.x) + 0.5F) / size;
  const float v = (static_cast<float>(p.y) + 0.5F) / size;
  const int column = static_cast<int>(u);
  const int line = static_cast<int>(v);
  float nearest = 9;
  Point from;
  std::uint32_t hash = 0;
  for (int dy = -1; dy <= 1; ++dy) {
    for (int dx = -1; dx <= 1; ++dx) {
      const std::uint32_t h = HashOf(p.seed, column + dx, line + dy);
      const Point d = {u - static_cast<float>(column + dx) - static_cast<float>(h & 255U) / 255,
                       v - static_cast<float>(line + dy) - static_cast<float>(h >> 8 & 255U) / 255};
      if (const float square = Dot(d, d); square < nearest) {
        nearest = square;
        from = d;
        hash = h;
      }
    }
  }
  constexpr Rgb kCrowns[] = {{58, 86, 48}, {70, 98, 54}, {52, 78, 52}, {84, 104, 58}};
  const Rgb crown = Mix(kCrowns[hash >> 16 & 3U], {96, 110, 62}, std::clamp(p.broad, 0.0F, 0.6F));
  const float light = std::clamp(0.55F - 0.55F * (from.x + from.y) - nearest * 0.9F, 0.0F, 1.0F);
  return Mix(Darker(crown, 0.55F), Lighter(crown, 0.16F), light);
}

Rgb LandAt(Ground ground, const Place& place) {
  switch (ground) {
    case Ground::kFields:
      return FieldsAt(place);
    case Ground::kDesert:
      return DesertAt(place);
    case Ground::kTown:
      return TownAt(place);
    case Ground::kForest:
      return ForestAt(place);
    case Ground::kConcrete:
      return ConcreteAt(place);
    default:
      return GrassAt(place);
  }
}

// Coasts and rivers lie in any country.
Ground CountryOf(const Scene& scene) {
  if (scene.ground != Ground::kCoast && scene.ground != Ground::kRiver) return scene.ground;
  constexpr Ground kCountries[] = {Ground::kGrass, Ground::kFields, Ground::kTown, Ground::kConcrete, Ground::kGrass};
  return kCountries[HashOf(scene.seed, 1, 1) % 5];
}

}  // namespace

Image PaintLand(const Scene& scene) {
  Image image = {scene.width, scene.height, {}};
  image.rgb.resize(image.ByteCount());
  const Ground country = CountryOf(scene);
  Random random(scene.seed ^ 0x4C414E44U);
  Place place = {};
  place.unit = static_cast<float>(std::min(scene.width, scene.height)) / 256;
  place.seed = random.Next();
  place.palette = random.Below(3);
  const float turn = random.Between(-0.6F, 0.6F);
  place.grid = {{-random.Between(40, 90) * place.unit, -random.Between(40, 90) * place.unit}, Direction(turn)};
  const std::vector<float> broad = ValueNoise(random.Next(), scene.width, scene.height, 70 * place.unit, 3);
  const std::vector<float> fine = ValueNoise(random.Next(), scene.width, scene.height, 7 * place.unit, 3);
  std::size_t at = 0;
  for (place.y = 0; place.y < scene.height; ++place.y) {
    for (place.x = 0; place.x < scene.width; ++place.x, ++at) {
      place.broad = broad[at];
      place.fine = fine[at];
      const Rgb colour = LandAt(country, place);
      image.rgb[at * 3] = colour.red;
      image.rgb[at * 3 + 1] = colour.green;
      image.rgb[at * 3 + 2] = colour.blue;
    }
  }
  return image;
}

}  // namespace lqvg::scenes
