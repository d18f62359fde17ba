#include "train/facet_loss.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "train/assignment.h"
#include "train/scenes/facets.h"

namespace lqvg::train {
namespace {

constexpr double kFacetWeight = 0.5;
constexpr double kPlaceWeight = 1;
constexpr int kPresences = 2;  // the first facets, kind and landmark, are learned by queries without an object too

// Which query looks after which mention: paired by index.
struct Pairs {
  at::Tensor rows, queries, mentions;  // [P] int64
  at::Tensor means;                    // [P] float: 1 where the mention is what the expression means
};

// [B, Q, K]: how badly each query would do for each mention.
at::Tensor CostOf(const Proposals& proposals, const at::Tensor& facets, const Mentions& mentions,
                  const LossWeights& weights) {
  const at::Tensor boxes = proposals.boxes.to(at::kFloat).unsqueeze(2), wanted = mentions.boxes.unsqueeze(1);
  const at::Tensor sure = at::sigmoid(facets.narrow(-1, 0, kPresences));                                // [B, Q, 2]
  const at::Tensor presences = mentions.facets.narrow(-1, 0, kPresences).clamp_min(0).transpose(1, 2);  // [B, 2, K]
  return weights.l1 * (boxes - wanted).abs().sum(-1) - weights.giou * GeneralizedIou(boxes, wanted) -
         weights.focal * at::matmul(sure, presences);
}

Pairs Pair(const Proposals& proposals, const at::Tensor& facets, const Targets& targets, const Mentions& mentions,
           const LossWeights& weights) {
  const c10::NoGradGuard no_grad;
  // Proposals that are no numbers make the loss none, which the trainer tells of; Assign must not get any.
  const at::Tensor cost = CostOf(proposals, facets, mentions, weights)
                              .transpose(1, 2)
                              .nan_to_num(0)
                              .to(at::kCPU, at::kDouble);  // [B, K, Q]
  const at::Tensor matched = Match(proposals, targets, weights).to(at::kCPU);
  const at::Tensor present = targets.present.to(at::kCPU), counts = mentions.valid.sum(1).to(at::kCPU);
  std::vector<std::int64_t> rows, queries, which;
  std::vector<float> means;
  const auto add = [&](std::int64_t row, std::int64_t query, std::int64_t mention, bool is_meant) {
    rows.push_back(row), queries.push_back(query), which.push_back(mention), means.push_back(is_meant ? 1.0F : 0.0F);
  };
  for (std::int64_t row = 0; row < cost.size(0); ++row) {
    std::vector<std::int64_t> free(static_cast<std::size_t>(cost.size(2)));
    std::iota(free.begin(), free.end(), 0);
    const std::int64_t count = counts[row].item<std::int64_t>();
    if (count == 0) continue;
    std::int64_t first = 0;
    if (present[row].item<bool>()) {
      const auto taken = matched[row].item<std::int64_t>();
      add(row, taken, first++, /*is_meant=*/true);
      free.erase(free.begin() + taken);
    }
    const std::int64_t others = std::min(count - first, static_cast<std::int64_t>(free.size()));
    const at::Tensor costs = cost[row].narrow(0, first, others).index_select(1, at::tensor(free)).contiguous();
    const std::vector<std::size_t> columns =
        Assign({costs.const_data_ptr<double>(), static_cast<std::size_t>(costs.numel())}, free.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      add(row, free[columns[i]], first + static_cast<std::int64_t>(i), /*is_meant=*/false);
    }
  }
  const at::Device device = proposals.boxes.device();
  return {at::tensor(rows).to(device), at::tensor(queries).to(device), at::tensor(which).to(device),
          at::tensor(means).to(device)};
}

}  // namespace

std::vector<FacetHeads> LoadFacetHeads(TensorSource& source, const Architecture& architecture) {
  std::vector<FacetHeads> heads;
  for (int i = 0; i < architecture.dec_layers; ++i) {
    const Scope scope = Scope(source).In("facet_heads", i);
    heads.push_back({LoadLinear(scope.In("facets"), scenes::kFacets, architecture.hidden_dim),
                     LoadLinear(scope.In("place"), 4, architecture.hidden_dim)});
  }
  return heads;
}

at::Tensor FacetLoss(const std::vector<Proposals>& layers, const std::vector<at::Tensor>& queries,
                     const std::vector<FacetHeads>& heads, const Targets& targets, const Mentions& mentions,
                     const LossWeights& weights) {
  at::Tensor loss = at::zeros({}, mentions.boxes.options());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const at::Tensor x = queries[i].to(at::kFloat), boxes = layers[i].boxes.to(at::kFloat);
    const at::Tensor facets = Forward(heads[i].facets, x);  // [B, Q, F]
    const at::Tensor place = at::sigmoid(Forward(heads[i].place, x));
    loss = loss + kPlaceWeight * (place - boxes.detach()).abs().sum(-1).mean();
    if (mentions.boxes.size(1) == 0) continue;

    const Pairs pairs = Pair(layers[i], facets, targets, mentions, weights);
    const at::Tensor wanted_boxes = mentions.boxes.index({pairs.rows, pairs.mentions});  // [P, 4]
    const at::Tensor found = boxes.index({pairs.rows, pairs.queries});
    const at::Tensor other = 1 - pairs.means;  // the answer's box is the official criterion's to teach
    const at::Tensor count = other.sum().clamp_min(1);
    loss = loss + weights.l1 * ((found - wanted_boxes).abs().sum(-1) * other).sum() / count +
           weights.giou * ((1 - GeneralizedIou(found, wanted_boxes)) * other).sum() / count;

    const at::Tensor wanted = at::full_like(facets, -1.0).detach();
    wanted.narrow(-1, 0, kPresences).zero_();
    wanted.index_put_({pairs.rows, pairs.queries}, mentions.facets.index({pairs.rows, pairs.mentions}));
    const at::Tensor known = (wanted >= 0).to(at::kFloat);
    const at::Tensor surprise =
        at::binary_cross_entropy_with_logits(facets, wanted.clamp_min(0), {}, {}, at::Reduction::None) * known;
    // Each facet counts alike, however seldom it is spoken of.
    const at::Tensor means = surprise.flatten(0, 1).sum(0) / known.flatten(0, 1).sum(0).clamp_min(1);
    loss = loss + kFacetWeight * means.sum();
  }
  return loss;
}

}  // namespace lqvg::train
