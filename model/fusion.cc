#include "model/fusion.h"

#include <ATen/ATen.h>

#include <cmath>

namespace lqvg {
namespace {

constexpr std::int64_t kTileCells = 2048;

// One query per row attends to many cells: query [B, D], cells and positions [B, n, D] -> [B, D].
//
// The cells' projections are absorbed into the query's side: q (W_k c) = (q W_k) c, and W_v is applied after the
// weighted sum. The key bias adds the same to every score and cancels in the softmax; the weights sum to one, so the
// value bias is added once. 6 GFLOP of projections at S = 1024 become 0.2.
at::Tensor AttendOnce(const MultiheadAttention& attention, const at::Tensor& query, const at::Tensor& cells,
                      const at::Tensor& positions) {
  const std::int64_t heads = attention.heads, dim = query.size(-1), head_dim = dim / heads;
  const Linear key = attention.KeyProjection(), value = attention.ValueProjection();
  const double scale = 1.0 / std::sqrt(static_cast<double>(head_dim));
  const at::Tensor q = (Forward(attention.QueryProjection(), query) * scale).view({-1, heads, head_dim});

  const at::Tensor absorbed =
      at::einsum("bhe,hed->bhd", {q, key.weight.view({heads, head_dim, dim})});  // [B, heads, D]
  const at::Tensor scores =
      at::matmul(absorbed, cells.transpose(1, 2)) + at::matmul(absorbed, positions.transpose(0, 1));  // [B, heads, n]
  const at::Tensor mixed = at::matmul(at::softmax(scores, -1), cells);                                // [B, heads, D]
  const at::Tensor projected =
      at::einsum("bhd,hed->bhe", {mixed, value.weight.view({heads, head_dim, dim})}).flatten(1);
  return Forward(attention.out_proj, projected + value.bias);
}

// cells [B, N, D] multiplied by what each of them attends to among the words: [B, N, D]. The cells do not see one
// another, so they go a tile at a time: with the longest expression the scores of all at once would be 0.4 GB at S =
// 1024.
at::Tensor GateCells(const MultiheadAttention& attention, const at::Tensor& cells, const TextWords& text) {
  const at::Tensor key = Forward(attention.KeyProjection(), text.words + text.positions);  // [B, T, D]
  const at::Tensor value = Forward(attention.ValueProjection(), text.words);
  std::vector<at::Tensor> gated;
  for (const at::Tensor& tile : cells.split(kTileCells, 1)) {
    const at::Tensor query = Forward(attention.QueryProjection(), tile);
    gated.push_back(tile * Forward(attention.out_proj, AttendHeads(query, key, value, attention.heads, text.valid)));
  }
  return at::cat(gated, 1);
}

}  // namespace

Fusion LoadFusion(const Scope& root, const Architecture& architecture) {
  const std::int64_t dim = architecture.hidden_dim, heads = architecture.nheads;
  return {LoadMultiheadAttention(root.In("fusion_module.multihead_attn"), dim, heads),
          LoadMultiheadAttention(root.In("fusion_module_text.multihead_attn"), dim, heads),
          LoadLinear(root.In("poolout_module.dense"), dim, dim)};
}

Fused Forward(const Fusion& fusion, const ImageLevels& image, const at::Tensor& image_positions, const TextWords& text,
              const Probe& probe) {
  // Of the words updated by the picture only the first is ever read, and the rows do not see one another.
  at::Tensor first = text.words.select(1, 0);  // [B, D]
  std::int64_t begin = 0;
  for (const LevelShape& level : image.levels) {
    first = first * AttendOnce(fusion.text_from_image, first, image.tokens.narrow(1, begin, level.Cells()),
                               image_positions.narrow(0, begin, level.Cells()));
    begin += level.Cells();
  }
  // The picture's cells always see the initial words.
  Fused fused{GateCells(fusion.image_from_text, image.tokens, text), at::tanh(Forward(fusion.pooler, first))};
  if (probe) probe("text.sentence", fused.sentence);
  return fused;
}

}  // namespace lqvg
