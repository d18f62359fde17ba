#include "model/deformable_transformer.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <string>

namespace lqvg {
namespace {

constexpr double kLogitEps = 1e-5;
constexpr std::int64_t kTileRows = 512;

FeedForward LoadFeedForward(const Scope& scope, std::int64_t dim, std::int64_t inner) {
  return {LoadLinear(scope.In("linear1"), inner, dim), LoadLinear(scope.In("linear2"), dim, inner)};
}

// Row by row, so a tile of rows at a time is the same function. At S = 1024 the hidden layer of all rows is 178 MB,
// most of it fresh pages; that of a tile stays in the cache.
at::Tensor Forward(const FeedForward& layer, const at::Tensor& x) {
  if (c10::GradMode::is_enabled() || !x.is_cpu()) return Forward(layer.contract, Forward(layer.expand, x).relu_());
  const at::Tensor rows = x.flatten(0, -2);  // [rows, D]
  const at::Tensor out = at::empty_like(rows);
  const at::Tensor hidden = at::empty({std::min(kTileRows, rows.size(0)), layer.expand.bias.size(0)}, x.options());
  for (std::int64_t begin = 0; begin < rows.size(0); begin += kTileRows) {
    const std::int64_t count = std::min(kTileRows, rows.size(0) - begin);
    at::Tensor tile = hidden.narrow(0, 0, count), result = out.narrow(0, begin, count);
    at::addmm_out(tile, layer.expand.bias, rows.narrow(0, begin, count), layer.expand.weight.t());
    at::addmm_out(result, layer.contract.bias, tile.relu_(), layer.contract.weight.t());
  }
  return out.view(x.sizes());
}

// The inverse of sigmoid, safe at 0 and 1.
at::Tensor Logit(const at::Tensor& p) {
  const at::Tensor x = p.clamp(0, 1);
  return at::log(x.clamp_min(kLogitEps) / (1 - x).clamp_min(kLogitEps));
}

// The centre of every cell of every level: [1, N, 2] (x, y) in 0..1.
at::Tensor CellCentres(const std::vector<LevelShape>& levels, at::Device device) {
  const at::TensorOptions options = at::TensorOptions(at::kFloat).device(device);
  std::vector<at::Tensor> centres;
  for (const LevelShape& level : levels) {
    const at::Tensor y = (at::arange(level.height, options) + 0.5) / static_cast<double>(level.height);
    const at::Tensor x = (at::arange(level.width, options) + 0.5) / static_cast<double>(level.width);
    centres.push_back(at::stack({x.unsqueeze(0).expand({level.height, level.width}),
                                 y.unsqueeze(1).expand({level.height, level.width})},
                                -1)
                          .flatten(0, 1));
  }
  return at::cat(centres, 0).unsqueeze(0);
}

// image_positions + the embedding of each cell's level: [N, D].
at::Tensor WithLevels(const at::Tensor& image_positions, const at::Tensor& level_embed,
                      const std::vector<LevelShape>& levels) {
  std::vector<at::Tensor> parts;
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    parts.push_back(image_positions.narrow(0, begin, levels[i].Cells()) + level_embed[static_cast<std::int64_t>(i)]);
    begin += levels[i].Cells();
  }
  return at::cat(parts, 0);
}

at::Tensor Forward(const EncoderLayer& layer, const at::Tensor& x, const at::Tensor& positions,
                   const at::Tensor& centres, const std::vector<LevelShape>& levels) {
  const at::Tensor attended =
      Forward(layer.attention_norm, x + Forward(layer.attention, x + positions, centres, x, levels));
  return Forward(layer.output_norm, attended + Forward(layer.feed_forward, attended));
}

at::Tensor Forward(const DecoderLayer& layer, const at::Tensor& x, const at::Tensor& positions,
                   const at::Tensor& references, const at::Tensor& memory, const std::vector<LevelShape>& levels) {
  const at::Tensor placed = x + positions;
  at::Tensor y = Forward(layer.self_norm, x + Forward(layer.self_attention, placed, placed, x));
  y = Forward(layer.cross_norm, y + Forward(layer.cross_attention, y + positions, references, memory, levels));
  return Forward(layer.output_norm, y + Forward(layer.feed_forward, y));
}

// references [B, Q, 2] or [B, Q, 4] moved by the box head's answer: [B, Q, 4]. Places are fp32 even where mixed
// precision computes the answer in fewer bits: half of them would be less than a pixel.
at::Tensor Refine(const Mlp& box_head, const at::Tensor& x, const at::Tensor& references) {
  const at::Tensor delta = Forward(box_head, x).to(at::kFloat);
  const at::Tensor base = Logit(references);
  if (references.size(-1) == 4) return at::sigmoid(delta + base);
  return at::sigmoid(at::cat({delta.narrow(-1, 0, 2) + base, delta.narrow(-1, 2, 2)}, -1));
}

}  // namespace

DeformableTransformer LoadDeformableTransformer(const Scope& root, const Architecture& a, ClassHeads class_heads) {
  const std::int64_t dim = a.hidden_dim, heads = a.nheads;
  const Scope scope = root.In("transformer");
  DeformableTransformer transformer;
  transformer.level_embed = scope.Take("level_embed", {Architecture::kLevels, dim});
  transformer.query_embed = root.In("query_embed").Take("weight", {a.num_queries, dim});
  transformer.reference_points = LoadLinear(scope.In("reference_points"), 2, dim);
  for (int i = 0; i < a.enc_layers; ++i) {
    const Scope layer = scope.In("encoder.layers", i);
    transformer.encoder.push_back(
        {LoadDeformAttn(layer.In("self_attn"), dim, heads, Architecture::kLevels, a.enc_n_points),
         LoadLayerNorm(layer.In("norm1"), dim), LoadFeedForward(layer, dim, a.dim_feedforward),
         LoadLayerNorm(layer.In("norm2"), dim)});
  }
  for (int i = 0; i < a.dec_layers; ++i) {
    const Scope layer = scope.In("decoder.layers", i);
    transformer.decoder.push_back(
        {LoadMultiheadAttention(layer.In("self_attn"), dim, heads), LoadLayerNorm(layer.In("norm2"), dim),
         LoadDeformAttn(layer.In("cross_attn"), dim, heads, Architecture::kLevels, a.dec_n_points),
         LoadLayerNorm(layer.In("norm1"), dim), LoadFeedForward(layer, dim, a.dim_feedforward),
         LoadLayerNorm(layer.In("norm3"), dim), LoadMlp(root.In("bbox_embed", i), {dim, dim, dim, 4}),
         class_heads == ClassHeads::kEvery || i + 1 == a.dec_layers ? LoadLinear(root.In("class_embed", i), 1, dim)
                                                                    : Linear{}});
  }
  return transformer;
}

std::vector<Proposals> ForwardLayers(const DeformableTransformer& transformer, const at::Tensor& tokens,
                                     const std::vector<LevelShape>& levels, const at::Tensor& image_positions,
                                     const at::Tensor& sentence, const Probe& probe) {
  const at::Tensor positions = WithLevels(image_positions, transformer.level_embed, levels);
  const at::Tensor centres = CellCentres(levels, tokens.device());
  at::Tensor memory = tokens;
  for (std::size_t i = 0; i < transformer.encoder.size(); ++i) {
    memory = Forward(transformer.encoder[i], memory, positions, centres, levels);
    if (probe) probe("encoder." + std::to_string(i), memory);
  }

  const std::int64_t batch = tokens.size(0), queries = transformer.query_embed.size(0);
  at::Tensor x = sentence.unsqueeze(1).expand({batch, queries, -1});
  at::Tensor references = at::sigmoid(Forward(transformer.reference_points, transformer.query_embed).to(at::kFloat))
                              .expand({batch, queries, 2});
  std::vector<Proposals> answers;
  for (std::size_t i = 0; i < transformer.decoder.size(); ++i) {
    const DecoderLayer& layer = transformer.decoder[i];
    x = Forward(layer, x, transformer.query_embed, references, memory, levels);
    const at::Tensor boxes = Refine(layer.box_head, x, references);
    if (layer.class_head.weight.defined()) answers.push_back({Forward(layer.class_head, x).squeeze(-1), boxes});
    references = boxes.detach();
    if (probe) probe("decoder." + std::to_string(i), x);
  }
  return answers;
}

Proposals Forward(const DeformableTransformer& transformer, const at::Tensor& tokens,
                  const std::vector<LevelShape>& levels, const at::Tensor& image_positions, const at::Tensor& sentence,
                  const Probe& probe) {
  return ForwardLayers(transformer, tokens, levels, image_positions, sentence, probe).back();
}

}  // namespace lqvg
