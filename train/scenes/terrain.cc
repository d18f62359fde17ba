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

// A colour between whole steps, 0..255: textures mix several times, and rounding each time took a third of the time.
struct Tone {
  float red, green, blue;
};

constexpr Tone Mix(Tone a, Tone b, float part) {
  return {a.red + (b.red - a.red) * part, a.green + (b.green - a.green) * part, a.blue + (b.blue - a.blue) * part};
}
constexpr Tone Darker(Tone a, float part) { return Mix(a, {0, 0, 0}, part); }
constexpr Tone Lighter(Tone a, float part) { return Mix(a, {255, 255, 255}, part); }

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

// Meadows: large patches, a finer mottle, and bare earth where both are high.
Tone GrassAt(const Place& p) {
  constexpr Tone kDark[] = {{66, 92, 50}, {92, 104, 60}, {78, 92, 64}};
  constexpr Tone kLight[] = {{124, 146, 82}, {154, 152, 98}, {120, 132, 92}};
  const float patch = std::clamp(0.5F + 1.3F * p.broad + 0.35F * p.fine, 0.0F, 1.0F);
  const Tone colour = Mix(kDark[p.palette], kLight[p.palette], patch);
  const float bare = std::clamp((p.broad + p.fine * 0.7F - 0.3F) * 2.4F, 0.0F, 0.55F);
  if (bare > 0) return Mix(colour, {168, 150, 112}, bare);
  return Mix(colour, p.fine > 0 ? Tone{170, 166, 116} : Tone{34, 50, 28}, std::min(std::abs(p.fine) * 0.6F, 0.4F));
}

// The cell of a grid of uneven rectangles, and how far inside it the point is.
struct Cell {
  std::uint32_t hash;
  float u, v, inside;
};

Cell CellAt(const Place& p, float wide, float high) {
  const Point q = p.grid.ToLocal({static_cast<float>(p.x), static_cast<float>(p.y)});
  const int column = FloorOf(q.x / wide);
  const std::uint32_t look = HashOf(p.seed, column, -77);
  const float stretch = 0.6F + 0.8F * static_cast<float>(look >> 16) / 65536;
  const float shift = static_cast<float>(look & 65535U) / 65536;
  const float row = q.y / (high * stretch) + shift;
  const int line = FloorOf(row);
  const float across = q.x - static_cast<float>(column) * wide;
  const float along = (row - static_cast<float>(line)) * high * stretch;
  const float inside = std::min({across, wide - across, along, high * stretch - along});
  return {HashOf(p.seed, column, line), q.x, q.y, inside};
}

Tone FieldsAt(const Place& p) {
  constexpr Tone kCrops[] = {{122, 138, 78}, {98, 122, 64},   {164, 152, 98}, {142, 116, 82},
                             {86, 108, 60},  {176, 164, 116}, {130, 142, 92}, {116, 96, 70}};
  const Cell cell = CellAt(p, 74 * p.unit, 58 * p.unit);
  Tone colour = kCrops[cell.hash % 8];
  if (cell.inside < 1.2F * p.unit) return Mix({134, 124, 92}, {84, 100, 60}, std::clamp(0.5F + p.fine, 0.0F, 1.0F));
  const bool is_along = (cell.hash & 8U) != 0;
  const float period = (3 + static_cast<float>(cell.hash >> 4 & 3U)) * p.unit;
  const float row = (is_along ? cell.u : cell.v) / period;
  const float wave = std::abs(row - static_cast<float>(FloorOf(row)) - 0.5F) * 2;
  colour = Mix(colour, Darker(colour, 0.3F), wave * 0.55F);
  return Mix(colour, p.fine + p.broad > 0 ? Tone{220, 210, 170} : Tone{50, 56, 40},
             std::min(std::abs(p.fine + p.broad) * 0.3F, 0.3F));
}

Tone DesertAt(const Place& p) {
  constexpr Tone kSands[] = {{206, 180, 136}, {196, 164, 122}, {188, 172, 146}};
  Tone colour = Mix(Darker(kSands[p.palette], 0.16F), kSands[p.palette], std::clamp(0.5F + p.broad, 0.0F, 1.0F));
  // Ripples across the wind, bent by the broad noise.
  const Point q = p.grid.ToLocal({static_cast<float>(p.x), static_cast<float>(p.y)});
  const float ripple = q.x / (7 * p.unit) + p.broad * 3;
  const float wave = std::abs(ripple - static_cast<float>(FloorOf(ripple)) - 0.5F) * 2;
  colour = Mix(colour, {122, 96, 66}, wave * wave * 0.22F * std::clamp(0.5F + p.broad, 0.0F, 1.0F));
  return Mix(colour, p.fine > 0 ? Tone{236, 214, 176} : Tone{130, 106, 78}, std::min(std::abs(p.fine) * 0.35F, 0.3F));
}

Tone ConcreteAt(const Place& p) {
  constexpr Tone kSlabs[] = {{190, 187, 178}, {182, 182, 181}, {196, 188, 174}};
  const float slab = 26 * p.unit;
  const Point q = p.grid.ToLocal({static_cast<float>(p.x), static_cast<float>(p.y)});
  const int column = FloorOf(q.x / slab);
  const int line = FloorOf(q.y / slab);
  const float across = q.x - static_cast<float>(column) * slab;
  const float along = q.y - static_cast<float>(line) * slab;
  const std::uint32_t hash = HashOf(p.seed, column, line);
  Tone colour = Mix(kSlabs[p.palette], {150, 148, 143}, UnitOf(hash) * 0.3F);
  if (std::min(across, along) < std::max(0.8F, 0.7F * p.unit)) colour = Darker(colour, 0.16F);
  colour = Mix(colour, {120, 117, 110}, std::clamp(p.broad * 0.4F, 0.0F, 0.22F));
  return Mix(colour, p.fine > 0 ? Tone{216, 213, 204} : Tone{110, 107, 102}, std::min(std::abs(p.fine) * 0.25F, 0.2F));
}

// Lots of lawn, gravel and paving between footpaths and hedges.
Tone TownAt(const Place& p) {
  constexpr Tone kYards[] = {{150, 146, 136}, {112, 126, 82},  {162, 152, 130},
                             {98, 114, 74},   {138, 136, 132}, {126, 134, 96}};
  const Cell cell = CellAt(p, 66 * p.unit, 44 * p.unit);
  if (cell.inside < 1.1F * p.unit) return Mix({172, 164, 148}, {150, 142, 126}, std::clamp(0.5F + p.fine, 0.0F, 1.0F));
  if (cell.inside < 2.6F * p.unit && (cell.hash & 3U) != 0) {
    return Mix({62, 84, 52}, {92, 108, 66}, std::clamp(0.5F + 1.5F * p.fine, 0.0F, 1.0F));  // a hedge
  }
  const Tone colour =
      Mix(kYards[cell.hash % 6], kYards[(cell.hash >> 8) % 6], std::clamp(0.3F + p.broad * 1.2F, 0.0F, 1.0F));
  return Mix(colour, p.fine > 0 ? Tone{190, 184, 166} : Tone{62, 66, 50}, std::min(std::abs(p.fine) * 0.45F, 0.32F));
}

// The crowns of a forest: points scattered one to a cell, each pixel belongs to the nearest, lit from the upper left.
class Forest {
 public:
  Forest(std::uint64_t seed, int width, int height, float size)
      : size_(size), columns_(static_cast<int>(static_cast<float>(width) / size) + 4) {
    const int lines = static_cast<int>(static_cast<float>(height) / size) + 4;
    for (int line = -1; line < lines - 1; ++line) {
      for (int column = -1; column < columns_ - 1; ++column) {
        const std::uint32_t hash = HashOf(seed, column, line);
        crowns_.push_back({static_cast<float>(column) + static_cast<float>(hash & 255U) / 255,
                           static_cast<float>(line) + static_cast<float>(hash >> 8 & 255U) / 255, hash >> 16});
      }
    }
  }

  Tone At(const Place& p) const {
    const float u = (static_cast<float>(p.x) + 0.5F) / size_;
    const float v = (static_cast<float>(p.y) + 0.5F) / size_;
    const Crown* row = &crowns_[static_cast<std::size_t>(static_cast<int>(v) * columns_ + static_cast<int>(u))];
    const Crown* nearest = row;
    float least = 9;
    for (int line = 0; line < 3; ++line, row += columns_) {
      for (const Crown* crown = row; crown < row + 3; ++crown) {
        const float square = (u - crown->x) * (u - crown->x) + (v - crown->y) * (v - crown->y);
        if (square < least) {
          least = square;
          nearest = crown;
        }
      }
    }
    constexpr Tone kCrowns[] = {{58, 86, 48}, {70, 98, 54}, {52, 78, 52}, {84, 104, 58}};
    const Tone crown = Mix(kCrowns[nearest->hash & 3U], {104, 116, 66}, std::clamp(p.broad, 0.0F, 0.6F));
    const float lit = 0.55F - 0.55F * (u - nearest->x + v - nearest->y) - least * 0.9F;
    return Mix(Darker(crown, 0.55F), Lighter(crown, 0.16F), std::clamp(lit, 0.0F, 1.0F));
  }

 private:
  struct Crown {
    float x, y;
    std::uint32_t hash;
  };
  float size_;
  int columns_;
  std::vector<Crown> crowns_;  // [lines, columns]
};

Tone LandAt(Ground ground, const Forest& forest, const Place& place) {
  switch (ground) {
    case Ground::kFields:
      return FieldsAt(place);
    case Ground::kDesert:
      return DesertAt(place);
    case Ground::kTown:
      return TownAt(place);
    case Ground::kForest:
      return forest.At(place);
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
  const Forest forest(random.Next(), scene.width, scene.height, 7 * place.unit);
  std::size_t at = 0;
  for (place.y = 0; place.y < scene.height; ++place.y) {
    for (place.x = 0; place.x < scene.width; ++place.x, ++at) {
      place.broad = broad[at];
      place.fine = fine[at];
      const Tone colour = LandAt(country, forest, place);
      image.rgb[at * 3] = static_cast<std::uint8_t>(colour.red + 0.5F);
      image.rgb[at * 3 + 1] = static_cast<std::uint8_t>(colour.green + 0.5F);
      image.rgb[at * 3 + 2] = static_cast<std::uint8_t>(colour.blue + 0.5F);
    }
  }
  return image;
}

}  // namespace lqvg::scenes
