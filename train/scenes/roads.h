// The lines of a scene that is being laid out: rivers, roads, and the roads that bridges and roundabouts stand on.
//
// Stateless and thread-safe.
#pragma once

#include <vector>

#include "train/scenes/geometry.h"
#include "train/scenes/random.h"
#include "train/scenes/scene.h"

namespace lqvg::scenes {

// From edge to edge, a little curved.
Stroke MakeRiver(const Scene& scene, Random* random);
Stroke MakeRoad(const Scene& scene, Random* random);

// The roads that an object brings: the one over a bridge and the one below it, the arms of a roundabout; else none.
std::vector<Stroke> RoadsOf(const Scene& scene, const SceneObject& object);

// A place on a stroke, and the stroke's direction there.
struct RoadPlace {
  Point at, along;
};
RoadPlace PlaceOn(const Stroke& stroke, float part);  // part: 0..1 of its segments

}  // namespace lqvg::scenes
