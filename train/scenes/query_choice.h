// Chooses what to say: queries that are true of a target, and queries that nothing satisfies.
//
// Pure functions of the scene and the random numbers; the solver judges what comes out.
#pragma once

#include <optional>

#include "train/scenes/query.h"
#include "train/scenes/random.h"
#include "train/scenes/scene.h"
#include "train/scenes/wording.h"

namespace lqvg::scenes {

// Satisfied clearly by `target` and by nothing else, not even perhaps. Most words that are not needed for that are left
// out again. None if chance finds none: another call may.
std::optional<Query> ChooseUnique(const Scene& scene, int target, Manner manner, Random& random);

// Nothing satisfies it, not even perhaps, though things of its kind are there: one word of it is false of `near_miss`
// and the rest is true of it.
std::optional<Query> ChooseHardNegative(const Scene& scene, int near_miss, Manner manner, Random& random);

// Of a kind that is neither in the scene nor could be seen into it; what is said of it is what is true of the object
// `model` (-1: of none), so that its words alone do not give it away.
std::optional<Query> ChooseAbsentKind(const Scene& scene, int model, Manner manner, Random& random);

}  // namespace lqvg::scenes
