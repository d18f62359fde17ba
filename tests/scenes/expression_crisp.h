// A second judge of expressions, simpler than the solver and written apart from it: every word has one sharp edge,
// which lies within the solver's margin. So what the solver calls clear holds here, and what it denies does not.
#pragma once

#include "train/scenes/query.h"
#include "train/scenes/scene.h"

namespace lqvg::scenes {

bool CrisplyHolds(const Scene& scene, const Query& query, int object);

}  // namespace lqvg::scenes
