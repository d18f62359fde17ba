// What each kind may be like: size, shape, colour, and on which grounds it is met.
//
// Stateless and thread-safe.
#pragma once

#include "train/scenes/random.h"
#include "train/scenes/scene.h"

namespace lqvg::scenes {

// How often the kind is met on the ground, relative to others; 0: never.
int WeightOf(Kind kind, Ground ground);

// An object without a place: its kind, colour, length, width, angle and style. `unit`: pixels that are one at 256.
// `scale` in 0..1 says where in the range of its kind's sizes it lies.
SceneObject MakeObject(Kind kind, float unit, float scale, Random* random);

}  // namespace lqvg::scenes
