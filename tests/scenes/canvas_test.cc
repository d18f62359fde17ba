#include "train/scenes/canvas.h"

#include <array>
#include <cstddef>

#include "gtest/gtest.h"

namespace lqvg::scenes {
namespace {

constexpr int kSide = 8;

Image BlackImage() { return {kSide, kSide, std::vector<std::uint8_t>(std::size_t{kSide} * kSide * 3)}; }

int RedAt(const Image& image, int x, int y) { return image.rgb[static_cast<std::size_t>(y * kSide + x) * 3]; }

TEST(CanvasTest, APixelTakesAsMuchColourAsIsCovered) {
  Image image = BlackImage();
  const std::array<Point, 4> box = {{{2, 2}, {4.5F, 2}, {4.5F, 3.5F}, {2, 3.5F}}};
  Canvas(&image).Fill(box, {{200, 0, 0}});
  EXPECT_EQ(RedAt(image, 2, 2), 200);
  EXPECT_EQ(RedAt(image, 4, 2), 100);
  EXPECT_EQ(RedAt(image, 2, 3), 100);
  EXPECT_EQ(RedAt(image, 4, 3), 50);
  EXPECT_EQ(RedAt(image, 5, 2), 0);
  EXPECT_EQ(RedAt(image, 1, 2), 0);
}

TEST(CanvasTest, AlphaLetsTheGroundThrough) {
  Image image = BlackImage();
  const std::array<Point, 3> everything = {{{-50, -50}, {50, -50}, {0, 90}}};
  Canvas(&image).Fill(everything, {{200, 0, 0}, 0.25F});
  EXPECT_EQ(RedAt(image, 4, 4), 50);
}

TEST(CanvasTest, APolygonThatCrossesItselfIsHollowWhereItOverlaps) {
  Image image = BlackImage();
  const std::array<Point, 8> twice = {{{0, 0}, {8, 0}, {8, 8}, {0, 8}, {0, 0}, {6, 0}, {6, 6}, {0, 6}}};
  Canvas(&image).Fill(twice, {{200, 0, 0}});
  EXPECT_EQ(RedAt(image, 2, 2), 0);
  EXPECT_EQ(RedAt(image, 7, 7), 200);
}

TEST(CanvasTest, WhatLiesOutsideIsCutOff) {
  Image image = BlackImage();
  const std::array<Point, 4> corner = {{{-9, -9}, {1, -9}, {1, 1}, {-9, 1}}};
  const std::array<Point, 4> far = {{{1e7F, 1e7F}, {2e7F, 1e7F}, {2e7F, 2e7F}, {1e7F, 2e7F}}};
  Canvas canvas(&image);
  canvas.Fill(corner, {{200, 0, 0}});
  canvas.Fill(far, {{200, 0, 0}});
  EXPECT_EQ(RedAt(image, 0, 0), 200);
  EXPECT_EQ(RedAt(image, 1, 1), 0);
  EXPECT_EQ(RedAt(image, 7, 7), 0);
}

TEST(CanvasTest, AMaskKeepsTheMostThatAnythingCovered) {
  Mask mask = {kSide, kSide, std::vector<std::uint8_t>(std::size_t{kSide} * kSide)};
  Canvas canvas(&mask);
  const std::array<Point, 4> whole = {{{0, 0}, {1, 0}, {1, 1}, {0, 1}}};
  const std::array<Point, 4> half = {{{0, 0}, {2, 0}, {2, 0.5F}, {0, 0.5F}}};
  canvas.Fill(whole, {});
  canvas.Fill(half, {});
  EXPECT_EQ(mask.cover[0], 255);
  EXPECT_EQ(mask.cover[1], 128);
}

TEST(CanvasTest, AnExtentGrowsToHoldEveryCorner) {
  Bounds extent = {1e9F, 1e9F, -1e9F, -1e9F};
  Canvas canvas(&extent);
  const std::array<Point, 3> a = {{{1, 2}, {3, 2}, {2, 5}}};
  const std::array<Point, 3> b = {{{-7, 3}, {0, 3}, {0, 4}}};
  canvas.Fill(a, {});
  canvas.Fill(b, {});
  EXPECT_FLOAT_EQ(extent.x_min, -7);
  EXPECT_FLOAT_EQ(extent.x_max, 3);
  EXPECT_FLOAT_EQ(extent.y_min, 2);
  EXPECT_FLOAT_EQ(extent.y_max, 5);
}

}  // namespace
}  // namespace lqvg::scenes
