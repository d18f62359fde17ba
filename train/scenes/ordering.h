// Objects compared with the others of a group: the largest, the second from the left.
//
// Pure functions. `group` holds for each object of the scene whether it is compared at all; the object itself is in it.
#pragma once

#include <span>

#include "train/scenes/query.h"
#include "train/scenes/scene.h"
#include "train/scenes/truth.h"

namespace lqvg::scenes {

Truth HasSize(const Scene& scene, SizeWord word, int object, std::span<const Truth> group);

Truth HasRank(const Scene& scene, const Ordinal& ordinal, int object, std::span<const Truth> group);

// Grows with the distance from that side of the picture, in pixels; of no meaning but for comparing.
float DistanceFrom(Side side, const Bounds& bounds);

}  // namespace lqvg::scenes
