// What training may add to the official criterion: denser lessons about why an object is the answer and others are not.
//
// An expression has one answer, so the official criterion teaches one query a box and says nothing of the others. But
// "the second ship from the left" can only be found by whoever sees all the ships and where each lies. Where the
// objects an expression speaks of are known (made-up scenes), the other queries learn to find those too; each learns
// what of the expression holds for its object (train/scenes/facets.h), and to know where it is itself, which the
// decoder's self-attention needs to compare places: a reference point is refined beside the query, not in it.
// Extra tasks of this sort are no part of the model: their heads are left out of what is exported.
//
// Stateless. Matching runs without gradient.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/architecture.h"
#include "model/deformable_transformer.h"
#include "model/layers.h"
#include "train/criterion.h"

namespace lqvg::train {

// The objects that each expression speaks of, in rows of K. Where the expression is present the first of its row is
// what it means.
struct Mentions {
  at::Tensor boxes;   // [B, K, 4]
  at::Tensor facets;  // [B, K, scenes::kFacets]: 1 true, 0 false, -1 nothing to learn
  at::Tensor valid;   // [B, K] bool: rows are filled up
};

// Of one decoder layer.
struct FacetHeads {
  Linear facets;  // D -> scenes::kFacets
  Linear place;   // D -> 4
};

std::vector<FacetHeads> LoadFacetHeads(TensorSource& source, const Architecture& architecture);

// A sum over the layers, [] with gradient: of boxes of the mentions (l1, giou), of facets, and of the queries' own
// places. `queries` [B, Q, D] per layer. What the expression means falls to the query that Criterion gives it; mentions
// beyond the number of queries are left out.
at::Tensor FacetLoss(const std::vector<Proposals>& layers, const std::vector<at::Tensor>& queries,
                     const std::vector<FacetHeads>& heads, const Targets& targets, const Mentions& mentions,
                     const LossWeights& weights);

}  // namespace lqvg::train
