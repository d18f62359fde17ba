// Makes up scenes: what there is, where, how large and of which colour, all from a seed.
//
// Stateless and thread-safe. The same seed and options give the same scene.
#pragma once

#include <cstdint>

#include "train/scenes/scene.h"

namespace lqvg::scenes {

struct LayoutOptions {
  int width = 256, height = 256;         // pixels, 128 to 1024 each; objects grow with the shorter side
  int min_objects = 3, max_objects = 9;  // fewer where there is no room
  float gap = 3;                         // pixels at least between the boxes of two objects
};

Scene LayOut(std::uint64_t seed, const LayoutOptions& options = {});

}  // namespace lqvg::scenes
