// The parts of a picture by name: "on the upper left", "on the far top", "in the middle part".
//
// Pure functions. Their borders are measured from what the annotators of RSVG-HR wrote; zones.cc has the figures.
#pragma once

#include <cstdint>

#include "train/scenes/truth.h"

namespace lqvg::scenes {

enum class Zone : std::uint8_t {
  kLeft,
  kRight,
  kTop,
  kBottom,
  kUpperLeft,
  kUpperRight,
  kLowerLeft,
  kLowerRight,
  kFarLeft,
  kFarRight,
  kFarTop,
  kFarBottom,
  kMiddle,
};
inline constexpr int kZones = 13;

// Whether an object whose box has its centre at (x, y) lies there; parts of the picture's width and height, 0..1.
Truth LiesIn(Zone zone, float x, float y);

}  // namespace lqvg::scenes
