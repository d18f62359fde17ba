// What of an expression holds for each object of its scene, part by part: "the larger white ship left of the pier" is
// of the other ship's kind and colour, not of its size.
//
// A pure function on the solver's judgement. Training teaches a model from it why an object is not the answer.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "train/scenes/query.h"
#include "train/scenes/scene.h"
#include "train/scenes/truth.h"

namespace lqvg::scenes {

enum class Facet : std::uint8_t {
  kKind,
  kLandmark,  // not the answer's, but that of something the expression names beside it
  kColour,
  kZone,
  kSize,
  kOrdinal,
  kRelation,
  // Where an order is asked for: which place in it the object has, counted from the side asked for and from the other.
  // Whether it is the one asked for is kOrdinal's.
  kFirst,
  kSecond,
  kThird,
  kLast,
  kLastButOne,
};
inline constexpr int kFacets = 12;

using Facets = std::array<Truth, kFacets>;

// By object. kBorderline: unclear, or nothing to judge: the expression says nothing of the kind, the object is of
// another kind than the answer, or (size, ordinal and places) does not belong to the group that is compared.
std::vector<Facets> FacetsOf(const Scene& scene, const Query& query);

}  // namespace lqvg::scenes
