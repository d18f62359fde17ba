#include <algorithm>
#include <cmath>
#include <cstddef>

#include "train/scenes/canvas.h"
#include "train/scenes/random.h"
#include "train/scenes/terrain.h"
#include "train/scenes/value_noise.h"

namespace lqvg::scenes {
namespace {

constexpr float kFarInland = -1e6F;

// The shore as waves on a straight line, at most about 4 % of the shorter side to either side of it.
struct ShoreLine {
  Point centre, away;  // away: towards the water
  float distance = 0;  // from the centre to the line
  float height = 0;    // of the longer wave
  float phase = 0, stretch = 0;

  explicit ShoreLine(const Scene& scene)
      : centre{static_cast<float>(scene.width) / 2, static_cast<float>(scene.height) / 2},
        away(Direction(scene.shore_angle)) {
    const float reach = std::abs(away.x) * centre.x + std::abs(away.y) * centre.y;
    distance = reach * (1 - 2 * scene.shore);
    const float side = static_cast<float>(std::min(scene.width, scene.height));
    Random random(scene.seed ^ 0x53484F5245U);
    height = side * random.Between(0.008F, 0.028F);
    phase = random.Unit();
    stretch = 1 / (side * random.Between(0.45F, 0.9F));
  }

  float Beyond(Point p) const {
    const Point d = p - centre;
    const float along = (d.x * away.y - d.y * away.x) * stretch + phase;
    return Dot(d, away) - distance + height * Swing(along) + height * 0.4F * Swing(along * 2.7F + phase);
  }
};

}  // namespace

float BeyondShore(const Scene& scene, Point p) {
  return scene.ground == Ground::kCoast ? ShoreLine(scene).Beyond(p) : kFarInland;
}

float DistanceToStrokes(const Scene& scene, Stroke::Material material, Point p) {
  float nearest = -kFarInland;
  for (const Stroke& stroke : scene.strokes) {
    if (stroke.material != material) continue;
    for (std::size_t i = 0; i + 1 < stroke.points.size(); ++i) {
      const Point a = {stroke.points[i][0], stroke.points[i][1]};
      const Point b = {stroke.points[i + 1][0], stroke.points[i + 1][1]};
      nearest = std::min(nearest, DistanceToSegment(p, a, b) - stroke.width / 2);
    }
  }
  return nearest;
}

bool IsWater(const Scene& scene, Point p) {
  return BeyondShore(scene, p) > 0 || DistanceToStrokes(scene, Stroke::Material::kWater, p) < 0;
}

void PaintSea(const Scene& scene, Image* image) {
  if (scene.ground != Ground::kCoast) return;
  const ShoreLine shore(scene);
  const float unit = static_cast<float>(std::min(scene.width, scene.height)) / 256;
  Random random(scene.seed ^ 0x534541U);
  const Rgb deeps[] = {{34, 74, 108}, {28, 88, 108}, {44, 92, 112}, {30, 62, 92}};
  const Rgb deep = deeps[random.Below(4)];
  const Rgb shallow = Mix(deep, {110, 170, 164}, 0.45F);
  const Rgb sand = {212, 194, 156};
  const float beach = unit * random.Between(1, 9);
  const std::vector<float> swell = ValueNoise(scene.seed ^ 0x5357U, scene.width, scene.height, 26 * unit, 5);
  std::size_t at = 0;
  for (int y = 0; y < scene.height; ++y) {
    for (int x = 0; x < scene.width; ++x, ++at) {
      const float rough = swell[at];
      const float beyond = shore.Beyond({static_cast<float>(x) + 0.5F, static_cast<float>(y) + 0.5F}) / unit;
      std::uint8_t* pixel = &image->rgb[at * 3];
      Rgb colour = {pixel[0], pixel[1], pixel[2]};
      const float dry = -beyond - rough * 3;
      if (dry > beach) continue;
      if (beyond < 0) {
        colour = Mix(colour, Darker(sand, beyond > -2 ? 0.15F : 0.0F), std::clamp((beach - dry) / 2, 0.0F, 1.0F));
      } else {
        colour = Mix(shallow, deep, std::clamp(beyond / 40, 0.0F, 1.0F));
        const float surf = std::min({1.0F, beyond + 0.3F, (3.5F + rough * 5 - beyond) * 0.7F});
        if (surf > 0) colour = Mix(colour, {232, 240, 238}, surf * 0.85F);
      }
      colour = Mix(colour, rough > 0 ? Rgb{255, 255, 255} : Rgb{0, 0, 0}, std::abs(rough) * 0.12F);
      pixel[0] = colour.red;
      pixel[1] = colour.green;
      pixel[2] = colour.blue;
    }
  }
}

}  // namespace lqvg::scenes
