#include "train/scenes/painter.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "train/scenes/clutter.h"
#include "train/scenes/object_painters.h"
#include "train/scenes/terrain.h"

namespace lqvg::scenes {
namespace {

// All shadows as one mask, so that where two meet it is no darker.
void PaintShadows(const Scene& scene, Image* image) {
  Mask mask = {scene.width, scene.height, {}};
  mask.cover.resize(image->ByteCount() / 3);
  Canvas canvas(&mask);
  for (const SceneObject& object : scene.objects) PaintShadow(object, scene.sun_angle, &canvas);
  constexpr int kDepth = 120;  // of 256: what a shadow takes away, less of the blue that comes from the sky
  for (std::size_t i = 0; i < mask.cover.size(); ++i) {
    const int cover = mask.cover[i];
    if (cover == 0) continue;
    std::uint8_t* pixel = &image->rgb[i * 3];
    for (int c = 0; c < 3; ++c) {
      const int depth = c == 2 ? kDepth - 18 : kDepth;
      pixel[c] = static_cast<std::uint8_t>(pixel[c] * (65280 - cover * depth) / 65280);
    }
  }
}

void AddHaze(float haze, Image* image) {
  constexpr int kAir[3] = {198, 206, 214};
  const int part = static_cast<int>(haze * 64 + 0.5F);  // of 256: a quarter at most
  if (part <= 0) return;
  std::uint8_t hazed[3][256];
  for (int c = 0; c < 3; ++c) {
    for (int value = 0; value < 256; ++value) {
      hazed[c][value] = static_cast<std::uint8_t>((value * (256 - part) + kAir[c] * part + 128) / 256);
    }
  }
  for (std::size_t i = 0; i < image->rgb.size(); i += 3) {
    for (std::size_t c = 0; c < 3; ++c) image->rgb[i + c] = hazed[c][image->rgb[i + c]];
  }
}

// One pass of weights (side, 256 - 2 side, side) down and across; its variance is 2 side / 256.
void BlurOnce(int side, Image* image) {
  const std::size_t row = static_cast<std::size_t>(image->width) * 3;
  const std::size_t rows = static_cast<std::size_t>(image->height);
  const unsigned edge = static_cast<unsigned>(side);
  const unsigned middle = 256 - 2 * edge;
  std::vector<std::uint8_t> down(image->rgb.size());
  for (std::size_t y = 0; y < rows; ++y) {
    const std::uint8_t* above = &image->rgb[(y > 0 ? y - 1 : 0) * row];
    const std::uint8_t* here = &image->rgb[y * row];
    const std::uint8_t* below = &image->rgb[std::min(y + 1, rows - 1) * row];
    for (std::size_t i = 0; i < row; ++i) {
      down[y * row + i] = static_cast<std::uint8_t>((here[i] * middle + (above[i] + below[i]) * edge + 128U) / 256U);
    }
  }
  for (std::size_t y = 0; y < rows; ++y) {
    const std::uint8_t* from = &down[y * row];
    std::uint8_t* to = &image->rgb[y * row];
    const auto mix = [&](std::size_t left, std::size_t i, std::size_t right) {
      to[i] = static_cast<std::uint8_t>((from[i] * middle + (from[left] + from[right]) * edge + 128U) / 256U);
    };
    for (std::size_t i = 0; i < 3; ++i) mix(i, i, i + 3);
    for (std::size_t i = 3; i + 3 < row; ++i) mix(i - 3, i, i + 3);
    for (std::size_t i = row - 3; i < row; ++i) mix(i - 3, i, i);
  }
}

// Variances of successive passes add up; one pass can have half a square pixel at most.
void Blur(float deviation, Image* image) {
  const float variance = deviation * deviation;
  if (variance <= 0) return;
  const int passes = std::max(1, static_cast<int>(std::ceil(variance * 2)));
  const int side = static_cast<int>(variance / static_cast<float>(passes) * 128 + 0.5F);
  for (int pass = 0; pass < passes; ++pass) BlurOnce(side, image);
}

// Sums of four even bytes have a deviation of 148: nearly a bell, and integers only.
void AddNoise(std::uint64_t seed, float noise, Image* image) {
  const int strength = static_cast<int>(noise * 9 * 65536 / 148);  // a deviation of 9 at most
  if (strength <= 0) return;
  Random random(seed ^ 0x4E4F495345U);
  for (std::size_t i = 0; i < image->rgb.size(); i += 3) {
    const std::uint64_t bits = random.Next();
    const auto byte = [bits](int place) { return static_cast<int>(bits >> (8 * place) & 255U); };
    const int light = byte(0) + byte(1) + byte(2) + byte(3) - 510;
    for (int c = 0; c < 3; ++c) {
      const int tint = (byte(4 + c) - 128) / 2;
      image->rgb[i + static_cast<std::size_t>(c)] = static_cast<std::uint8_t>(
          std::clamp(image->rgb[i + static_cast<std::size_t>(c)] + (light + tint) * strength / 65536, 0, 255));
    }
  }
}

}  // namespace

Image Paint(const Scene& scene, const PaintOptions& options) {
  Image image = PaintLand(scene);
  PaintStrokes(scene, &image);
  PaintSea(scene, &image);
  Canvas canvas(&image);
  if (options.shadows) {
    for (const SceneObject& object : scene.objects) PaintBelow(object, &canvas);
  }
  if (options.clutter) PaintClutter(scene, &image);
  if (options.shadows) PaintShadows(scene, &image);
  for (const SceneObject& object : scene.objects) PaintObject(object, &canvas);
  AddHaze(scene.haze, &image);
  Blur(scene.blur, &image);
  AddNoise(scene.seed, scene.noise, &image);
  return image;
}

}  // namespace lqvg::scenes
