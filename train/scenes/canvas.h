// Fills polygons with soft edges: on a picture, on a mask (for shadows), or only measuring how far they reach.
//
// Borrows its target, which must outlive it. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "image/image.h"
#include "train/scenes/geometry.h"
#include "train/scenes/scene.h"

namespace lqvg::scenes {

struct Rgb {
  std::uint8_t red = 0, green = 0, blue = 0;
};

// `part` of `b`, the rest of `a`.
constexpr Rgb Mix(Rgb a, Rgb b, float part) {
  const auto mix = [part](std::uint8_t u, std::uint8_t v) {
    return static_cast<std::uint8_t>(static_cast<float>(u) + (static_cast<float>(v) - static_cast<float>(u)) * part +
                                     0.5F);
  };
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

constexpr Rgb Darker(Rgb a, float part) { return Mix(a, {0, 0, 0}, part); }
constexpr Rgb Lighter(Rgb a, float part) { return Mix(a, {255, 255, 255}, part); }

struct Ink {
  Rgb colour;
  float alpha = 1;  // 0: leaves no mark
  float grain = 0;  // how far single pixels are lighter or darker, of 255
};

// How much of each pixel is covered, 0..255.
struct Mask {
  int width = 0, height = 0;
  std::vector<std::uint8_t> cover;  // [height, width]
};

class Canvas {
 public:
  explicit Canvas(Image* image) : image_(image), width_(image->width), height_(image->height) {}
  // Keeps the most that any polygon covered; colours and alpha mean nothing.
  explicit Canvas(Mask* mask) : mask_(mask), width_(mask->width), height_(mask->height) {}
  // Grows `extent` to hold every polygon. An empty extent has x_min > x_max.
  explicit Canvas(Bounds* extent) : extent_(extent) {}

  // Even-odd: what lies inside an odd number of times is filled. Parts outside the picture are cut off.
  void Fill(std::span<const Point> polygon, const Ink& ink);

 private:
  void FillRow(int y, std::span<const Point> polygon, const Ink& ink);
  void Put(int x, int y, int cover, const Ink& ink);

  Image* image_ = nullptr;
  Mask* mask_ = nullptr;
  Bounds* extent_ = nullptr;
  int width_ = 0, height_ = 0;
  std::vector<int> cover_;        // of the row at hand, in 256ths
  std::vector<float> crossings_;  // of the line at hand
};

}  // namespace lqvg::scenes
