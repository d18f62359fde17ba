// What lies about in a scene and is no object: trees, bushes, rocks and crates, clear of the objects.
//
// Stateless and thread-safe.
#pragma once

#include "image/image.h"
#include "train/scenes/scene.h"

namespace lqvg::scenes {

void PaintClutter(const Scene& scene, Image* image);

}  // namespace lqvg::scenes
