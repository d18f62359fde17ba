#include "model/fusion.h"

#include <ATen/ATen.h>

#include <cmath>

namespace lqvg {
namespace {

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

  const at::Tensor absorbed = at::einsum("bhe,hed->bhd", {q, key.weight.view({heads, head_dim, dim})});  // [B, heads, D]
  const at::Tensor scores =
      at::matmul(absorbed, cells.transpose(1, 2)) + at::matmul(absorbed, positions.transpose(0, 1));  // [B, heads, n]
  const at::Tensor mixed = at::matmul(at::softmax(scores, -1), cells);                                // [B, heads, D]
  const at::Tensor projected = at::einsum("bhd,hed->bhe", {mixed, value.weight.view({heads, head_dim, dim})}).flatten(1);
  return Forward(attention.out_proj, projected + value.bias);
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
  // The picture's cells always see the initial words. Their rows do not see one another: all levels go at once.
  const at::Tensor gate = Forward(fusion.image_from_text, image.tokens, text.words + text.positions, text.words, text.valid);
  Fused fused{image.tokens * gate, at::tanh(Forward(fusion.pooler, first))};
  if (probe) probe("text.sentence", fused.sentence);
  return fused;
}

}  // namespace lqvg
