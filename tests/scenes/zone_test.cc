#include <gtest/gtest.h>

#include "train/scenes/zones.h"

namespace lqvg::scenes {
namespace {

struct Place {
  Zone zone;
  float x, y;
};

// The median centre of the boxes of which RSVG-HR's annotators use each word.
constexpr Place kMedians[kZones] = {
    {Zone::kLeft, 0.28F, 0.49F},      {Zone::kRight, 0.73F, 0.49F},      {Zone::kTop, 0.48F, 0.25F},
    {Zone::kBottom, 0.53F, 0.72F},    {Zone::kUpperLeft, 0.22F, 0.24F},  {Zone::kUpperRight, 0.80F, 0.23F},
    {Zone::kLowerLeft, 0.23F, 0.81F}, {Zone::kLowerRight, 0.77F, 0.77F}, {Zone::kFarLeft, 0.11F, 0.53F},
    {Zone::kFarRight, 0.91F, 0.54F},  {Zone::kFarTop, 0.62F, 0.09F},     {Zone::kFarBottom, 0.51F, 0.90F},
    {Zone::kMiddle, 0.52F, 0.50F}};

TEST(Zones, HoldTheMiddleOfWhatAnnotatorsMeanByThem) {
  for (const Place& place : kMedians) {
    EXPECT_EQ(LiesIn(place.zone, place.x, place.y), Truth::kYes) << static_cast<int>(place.zone);
  }
}

TEST(Zones, HoldTheMiddleOfNoOther) {
  for (const Place& place : kMedians) {
    for (int i = 0; i < kZones; ++i) {
      const auto zone = static_cast<Zone>(i);
      if (zone == place.zone) continue;
      EXPECT_NE(LiesIn(zone, place.x, place.y), Truth::kYes) << i << " " << place.x;
    }
  }
}

TEST(Zones, HaveAMarginToEitherSideOfTheBorder) {
  EXPECT_EQ(LiesIn(Zone::kMiddle, 0.41F, 0.5F), Truth::kYes);
  EXPECT_EQ(LiesIn(Zone::kMiddle, 0.38F, 0.5F), Truth::kBorderline);
  EXPECT_EQ(LiesIn(Zone::kMiddle, 0.36F, 0.5F), Truth::kBorderline);
  EXPECT_EQ(LiesIn(Zone::kMiddle, 0.33F, 0.5F), Truth::kNo);
  EXPECT_EQ(LiesIn(Zone::kUpperLeft, 0.2F, 0.33F), Truth::kYes);
  EXPECT_EQ(LiesIn(Zone::kUpperLeft, 0.2F, 0.37F), Truth::kBorderline);
  EXPECT_EQ(LiesIn(Zone::kUpperLeft, 0.2F, 0.41F), Truth::kNo);
  EXPECT_EQ(LiesIn(Zone::kFarBottom, 0.5F, 0.85F), Truth::kYes);
  EXPECT_EQ(LiesIn(Zone::kFarBottom, 0.5F, 0.82F), Truth::kBorderline);
  EXPECT_EQ(LiesIn(Zone::kFarBottom, 0.5F, 0.78F), Truth::kNo);
}

// A corner is on the left for many people, so it is never denied.
TEST(Zones, DoNotDenyThatACornerOrTheOuterStripIsOnTheLeft) {
  EXPECT_EQ(LiesIn(Zone::kLeft, 0.2F, 0.1F), Truth::kBorderline);
  EXPECT_EQ(LiesIn(Zone::kLeft, 0.1F, 0.5F), Truth::kBorderline);
  EXPECT_EQ(LiesIn(Zone::kLeft, 0.45F, 0.5F), Truth::kNo);
}

TEST(Zones, AreTheSameInAMirror) {
  constexpr Zone kMirrored[kZones] = {Zone::kRight,      Zone::kLeft,      Zone::kTop,        Zone::kBottom,
                                      Zone::kUpperRight, Zone::kUpperLeft, Zone::kLowerRight, Zone::kLowerLeft,
                                      Zone::kFarRight,   Zone::kFarLeft,   Zone::kFarTop,     Zone::kFarBottom,
                                      Zone::kMiddle};
  // Away from borders: those of the right differ from those of the left by a hundredth, as measured.
  for (const float x : {0.05F, 0.12F, 0.28F, 0.45F, 0.55F}) {
    for (const float y : {0.05F, 0.28F, 0.5F, 0.75F, 0.95F}) {
      for (int i = 0; i < kZones; ++i) {
        EXPECT_EQ(LiesIn(static_cast<Zone>(i), x, y), LiesIn(kMirrored[i], 1 - x, y)) << i << " " << x << " " << y;
      }
    }
  }
}

}  // namespace
}  // namespace lqvg::scenes
