// Finds what an expression points to in a scene.
//
// A pure function: the one judge of expressions, of those made up as well as of those in tests.
#pragma once

#include <vector>

#include "train/scenes/query.h"
#include "train/scenes/scene.h"
#include "train/scenes/truth.h"

namespace lqvg::scenes {

// Indices into Scene::objects, ascending.
struct Solution {
  std::vector<int> clear;       // satisfy the query beyond doubt
  std::vector<int> borderline;  // might: a word lies within its margin, or a landmark is not the only one
  bool IsUnique() const { return clear.size() == 1 && borderline.empty(); }
  bool IsEmpty() const { return clear.empty() && borderline.empty(); }
};

Solution Solve(const Scene& scene, const Query& query);

}  // namespace lqvg::scenes
