// Where one box lies from another: "left of", "near", "between", "surrounded by".
//
// Pure functions of boxes. `side` is the longer side of the picture in pixels: distances are parts of it.
#pragma once

#include <vector>

#include "train/scenes/query.h"
#include "train/scenes/truth.h"

namespace lqvg::scenes {

// The shortest way between two boxes in pixels; 0 where they touch or overlap.
float GapOf(const Bounds& a, const Bounds& b);

// `word` is one of the directions or kNear.
Truth Holds(RelationWord word, const Bounds& object, const Bounds& landmark, float side);

Truth IsBetween(const Bounds& object, const Bounds& a, const Bounds& b, float side);

// Whether at least three of the landmarks stand around the object, with no wide way out. `clear` are landmarks beyond
// doubt; `doubtful` may be landmarks too.
Truth IsSurrounded(const Bounds& object, const std::vector<Bounds>& clear, const std::vector<Bounds>& doubtful,
                   float side);

}  // namespace lqvg::scenes
