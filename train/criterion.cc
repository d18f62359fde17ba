#include "train/criterion.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>

namespace lqvg::train {
namespace {

constexpr double kAlpha = 0.25;
constexpr double kGamma = 2.0;
constexpr double kLogEps = 1e-8;
constexpr double kAreaEps = 1e-7;  // two boxes without area: 0 / 0

struct Corners {
  at::Tensor low, high;  // [..., 2]
};

Corners CornersOf(const at::Tensor& box) {
  const at::Tensor centre = box.narrow(-1, 0, 2), half = box.narrow(-1, 2, 2) * 0.5;
  return {centre - half, centre + half};
}

at::Tensor AreaOf(const at::Tensor& size) {
  const at::Tensor clamped = size.clamp_min(0);
  return clamped.select(-1, 0) * clamped.select(-1, 1);
}

struct Overlap {
  at::Tensor intersection, united, hull;  // areas
};

Overlap OverlapOf(const at::Tensor& a, const at::Tensor& b) {
  const Corners p = CornersOf(a), q = CornersOf(b);
  const at::Tensor intersection = AreaOf(at::minimum(p.high, q.high) - at::maximum(p.low, q.low));
  const at::Tensor united = AreaOf(p.high - p.low) + AreaOf(q.high - q.low) - intersection;
  return {intersection, united, AreaOf(at::maximum(p.high, q.high) - at::minimum(p.low, q.low))};
}

// Lin et al., arXiv 1708.02002: [B, Q], not reduced.
at::Tensor FocalLoss(const at::Tensor& logits, const at::Tensor& wanted) {
  const at::Tensor p = at::sigmoid(logits);
  const at::Tensor cross_entropy = at::binary_cross_entropy_with_logits(logits, wanted, {}, {}, at::Reduction::None);
  const at::Tensor p_right = p * wanted + (1 - p) * (1 - wanted);
  const at::Tensor alpha = kAlpha * wanted + (1 - kAlpha) * (1 - wanted);
  return alpha * cross_entropy * at::pow(1 - p_right, kGamma);
}

}  // namespace

at::Tensor Iou(const at::Tensor& a, const at::Tensor& b) {
  const Overlap o = OverlapOf(a, b);
  return o.intersection / o.united.clamp_min(kAreaEps);
}

at::Tensor GeneralizedIou(const at::Tensor& a, const at::Tensor& b) {
  const Overlap o = OverlapOf(a, b);
  return o.intersection / o.united.clamp_min(kAreaEps) - (o.hull - o.united) / o.hull.clamp_min(kAreaEps);
}

at::Tensor Match(const Proposals& proposals, const Targets& targets, const LossWeights& weights) {
  const c10::NoGradGuard no_grad;
  const at::Tensor p = at::sigmoid(proposals.logits.to(at::kFloat));  // [B, Q]
  const at::Tensor negative = (1 - kAlpha) * at::pow(p, kGamma) * -at::log(1 - p + kLogEps);
  const at::Tensor positive = kAlpha * at::pow(1 - p, kGamma) * -at::log(p + kLogEps);
  const at::Tensor target = targets.boxes.unsqueeze(1);  // [B, 1, 4]
  const at::Tensor boxes = proposals.boxes.to(at::kFloat);
  const at::Tensor cost = weights.focal * (positive - negative) + weights.l1 * (boxes - target).abs().sum(-1) -
                          weights.giou * GeneralizedIou(boxes, target);
  return at::argmin(cost, 1);
}

Losses Criterion(const std::vector<Proposals>& layers, const Targets& targets, const LossWeights& weights) {
  const at::Tensor present = targets.present.to(at::kFloat);  // [B]
  const at::Tensor count = present.sum().clamp_min(1);
  at::Tensor focal = at::zeros({}, present.options()), l1 = focal, giou = focal;
  for (const Proposals& proposals : layers) {
    const at::Tensor matched = Match(proposals, targets, weights).unsqueeze(1);  // [B, 1]
    const at::Tensor logits = proposals.logits.to(at::kFloat);
    const at::Tensor wanted = at::zeros_like(logits).scatter(1, matched, present.unsqueeze(1));
    const at::Tensor boxes =
        proposals.boxes.to(at::kFloat).gather(1, matched.unsqueeze(-1).expand({-1, 1, 4})).squeeze(1);  // [B, 4]
    focal = focal + FocalLoss(logits, wanted).sum() / count;
    l1 = l1 + ((boxes - targets.boxes).abs().sum(-1) * present).sum() / count;
    giou = giou + ((1 - GeneralizedIou(boxes, targets.boxes)) * present).sum() / count;
  }
  return {weights.focal * focal + weights.l1 * l1 + weights.giou * giou, focal.detach(), l1.detach(), giou.detach()};
}

}  // namespace lqvg::train
