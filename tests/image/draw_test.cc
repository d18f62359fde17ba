#include "image/draw.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

namespace lqvg {
namespace {

Image BlackImage(int width, int height) {
  Image image{width, height, {}};
  image.rgb.assign(image.ByteCount(), 0);
  return image;
}

RgbColour PixelAt(const Image& image, int x, int y) {
  const std::size_t at = (static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) + x) * 3;
  return {image.rgb[at], image.rgb[at + 1], image.rgb[at + 2]};
}

constexpr RgbColour kRed = {255, 0, 0};
constexpr RgbColour kBlack = {0, 0, 0};

TEST(DrawTest, TheOutlineLiesInsideTheBoxAndItsInsideStays) {
  Image image = BlackImage(100, 80);
  DrawBox({.x_min = 20, .y_min = 30, .x_max = 60, .y_max = 50, .colour = kRed}, &image);
  for (const auto& [x, y] : {std::pair{20, 30}, {59, 30}, {20, 49}, {59, 49}, {40, 31}, {21, 40}}) {
    EXPECT_EQ(PixelAt(image, x, y), kRed) << x << ", " << y;
  }
  for (const auto& [x, y] : {std::pair{19, 30}, {60, 30}, {20, 29}, {20, 50}, {22, 32}, {40, 40}}) {
    EXPECT_EQ(PixelAt(image, x, y), kBlack) << x << ", " << y;
  }
}

TEST(DrawTest, ABoxBeyondThePictureIsClippedToIt) {
  Image image = BlackImage(100, 80);
  DrawBox({.x_min = -500, .y_min = -1e30f, .x_max = 1e30f, .y_max = 500, .colour = kRed}, &image);
  EXPECT_EQ(PixelAt(image, 0, 0), kRed);
  EXPECT_EQ(PixelAt(image, 99, 79), kRed);
  EXPECT_EQ(PixelAt(image, 50, 40), kBlack);
}

TEST(DrawTest, ABoxOutsideThePictureOrWithoutNumbersLeavesNoMark) {
  const Image empty = BlackImage(100, 80);
  Image image = empty;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  DrawBox({.x_min = 200, .y_min = 10, .x_max = 300, .y_max = 20, .label = "far", .colour = kRed}, &image);
  DrawBox({.x_min = 30, .y_min = 10, .x_max = 20, .y_max = 20, .label = "inverted", .colour = kRed}, &image);
  DrawBox({.x_min = nan, .y_min = 10, .x_max = 20, .y_max = 20, .label = "none", .colour = kRed}, &image);
  DrawBox({.x_min = 10, .y_min = 10, .x_max = 20, .y_max = nan, .label = "none", .colour = kRed}, &image);
  EXPECT_EQ(image.rgb, empty.rgb);
}

TEST(DrawTest, TheLabelStandsAboveTheBoxInItsColour) {
  Image image = BlackImage(200, 100);
  DrawBox({.x_min = 20, .y_min = 50, .x_max = 120, .y_max = 90, .label = "ship 0.92", .colour = kRed}, &image);
  EXPECT_EQ(PixelAt(image, 20, 48), kRed);
}

TEST(DrawTest, LabelsInEveryCornerStayInsideThePicture) {
  for (const float x : {0.0f, 190.0f}) {
    for (const float y : {0.0f, 95.0f}) {
      Image image = BlackImage(200, 100);
      DrawBox({.x_min = x, .y_min = y, .x_max = x + 10, .y_max = y + 5, .label = "caf\xC3\xA9 in the corner of it all"},
              &image);
      EXPECT_EQ(image.rgb.size(), image.ByteCount());
      EXPECT_NE(image.rgb, BlackImage(200, 100).rgb);
    }
  }
}

TEST(DrawTest, TheFirstEightColoursDiffer) {
  std::set<RgbColour> colours;
  for (std::size_t i = 0; i < 8; ++i) colours.insert(DistinctColour(i));
  EXPECT_EQ(colours.size(), 8u);
  EXPECT_EQ(DistinctColour(8), DistinctColour(0));
}

}  // namespace
}  // namespace lqvg
