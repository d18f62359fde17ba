// What a target can be said to stand by: relations to other objects of its scene that clearly hold.
//
// Pure functions of the scene and the random numbers.
#pragma once

#include <optional>

#include "train/scenes/query.h"
#include "train/scenes/random.h"
#include "train/scenes/scene.h"
#include "train/scenes/wording.h"

namespace lqvg::scenes {

// How to speak of an object as a landmark: "the pier", "the red ship", "a building". The query is true of the object.
Landmark LandmarkAt(const Scene& scene, int object, Manner manner, Random& random);

// A relation that holds clearly for the target; none if chance finds none.
std::optional<Relation> RelationAt(const Scene& scene, int target, Manner manner, Random& random);

}  // namespace lqvg::scenes
