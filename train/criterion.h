// What training minimises: the official criterion for one target box an expression (models/criterion.py and
// models/matcher.py of LQVG, after DETR and Deformable DETR), with expressions that nothing in the picture satisfies.
//
// Stateless. Matching runs without gradient.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/deformable_transformer.h"

namespace lqvg::train {

// What the answers should have been, one row per expression.
struct Targets {
  at::Tensor boxes;    // [B, 4], (cx, cy, w, h) in 0..1 of the canvas; any numbers where nothing is there
  at::Tensor present;  // [B] bool: false where nothing satisfies the expression
};

struct LossWeights {
  double focal = 2, l1 = 5, giou = 2;  // also the costs of matching
};

// Each a sum over the layers, divided by the number of expressions that are present (at least one).
struct Losses {
  at::Tensor total;            // weighted, [] with gradient
  at::Tensor focal, l1, giou;  // not weighted, [] without gradient
};

// The query that each expression's target falls to: [B] int64, of the least cost
// focal * (positive - negative focal term of the score) + l1 * |box - target| - giou * GIoU.
at::Tensor Match(const Proposals& proposals, const Targets& targets, const LossWeights& weights);

// `layers`: what every decoder layer proposes; each is matched anew.
Losses Criterion(const std::vector<Proposals>& layers, const Targets& targets, const LossWeights& weights);

// Overlap of boxes (cx, cy, w, h) paired by index over the last dimension's leading ones: [...].
at::Tensor Iou(const at::Tensor& a, const at::Tensor& b);

// Generalised overlap (Rezatofighi et al., arXiv 1902.09630), -1..1.
at::Tensor GeneralizedIou(const at::Tensor& a, const at::Tensor& b);

}  // namespace lqvg::train
