// Makes the picture of a scene: ground, roads and water, clutter, shadows, objects, then haze, blur and grain.
//
// Stateless and thread-safe; about 4 ms for 256 x 256 pixels. The same scene gives the same bytes.
#pragma once

#include "image/image.h"
#include "train/scenes/scene.h"

namespace lqvg::scenes {

// What may be left out, so that tests see the objects alone.
struct PaintOptions {
  bool shadows = true;  // with wakes and the ground below objects
  bool clutter = true;  // trees, bushes, rocks and crates, which no expression speaks of
};

Image Paint(const Scene& scene, const PaintOptions& options = {});

}  // namespace lqvg::scenes
