#include "bench/model/stage_flops.h"

#include <ATen/ATen.h>

namespace lqvg {
namespace {

double Product(double rows, double in, double out) { return 2 * rows * in * out; }

double Flops(const Linear& layer, double rows) { return 2 * rows * static_cast<double>(layer.weight.numel()); }

// A square picture passing through convolutions; the side follows the strides.
class Walk {
 public:
  explicit Walk(std::int64_t side) : side_(side) {}

  void Pass(const Convolution& c) {
    side_ = After(c, side_);
    flops_ += 2 * static_cast<double>(c.weight.numel()) * static_cast<double>(side_ * side_);
  }
  // Beside the path: its output has the side that the path has reached.
  void Branch(const Convolution& c, std::int64_t from) {
    const std::int64_t side = After(c, from);
    flops_ += 2 * static_cast<double>(c.weight.numel()) * static_cast<double>(side * side);
  }
  void Pool() { side_ = (side_ + 1) / 2; }

  std::int64_t side() const { return side_; }
  double flops() const { return flops_; }

 private:
  static std::int64_t After(const Convolution& c, std::int64_t side) {
    return (side + 2 * c.padding - c.weight.size(2)) / c.stride + 1;
  }

  std::int64_t side_;
  double flops_ = 0;
};

double CellsOf(const std::vector<LevelShape>& levels) {
  double cells = 0;
  for (const LevelShape& level : levels) cells += static_cast<double>(level.Cells());
  return cells;
}

// softmax(q k^T) v over all heads.
double AttentionFlops(double queries, double keys, double dim) { return 4 * queries * keys * dim; }

// Four corners of a cell, and the weighted sum.
double SamplingFlops(double queries, const DeformAttn& attention, double levels, double head_dim) {
  const double points = static_cast<double>(attention.heads * attention.points) * levels;
  return queries * points * head_dim * 2 * 4;
}

}  // namespace

double ImageFlops(const Network& network) {
  const ImageEncoder& encoder = network.image_encoder;
  Walk walk(network.architecture.input_size);
  walk.Pass(encoder.stem);
  walk.Pool();
  for (std::size_t stage = 0; stage < encoder.stages.size(); ++stage) {
    for (const Bottleneck& block : encoder.stages[stage]) {
      const std::int64_t before = walk.side();
      walk.Pass(block.reduce);
      walk.Pass(block.spatial);
      walk.Pass(block.expand);
      if (block.shortcut.weight.defined()) walk.Branch(block.shortcut, before);
    }
    if (stage > 0) walk.Branch(encoder.projections[stage - 1].convolution, walk.side());
  }
  walk.Branch(encoder.projections[3].convolution, walk.side());
  return walk.flops();
}

double TextFlops(const Network& network, std::int64_t tokens) {
  const auto rows = static_cast<double>(tokens);
  double flops = Flops(network.text_encoder.resizer, rows);
  for (const RobertaLayer& layer : network.text_encoder.layers) {
    for (const Linear* linear :
         {&layer.query, &layer.key, &layer.value, &layer.attention_output, &layer.intermediate, &layer.output}) {
      flops += Flops(*linear, rows);
    }
    flops += AttentionFlops(rows, rows, static_cast<double>(layer.query.weight.size(0)));
  }
  return flops;
}

double FusionFlops(const Network& network, const std::vector<LevelShape>& levels, std::int64_t tokens) {
  const auto dim = static_cast<double>(network.architecture.hidden_dim), words = static_cast<double>(tokens);
  const double cells = CellsOf(levels);
  // The picture's cells ask the words: queries and outputs of the cells, keys and values of the words.
  const double image_from_text = Product(2 * cells + 2 * words, dim, dim) + AttentionFlops(cells, words, dim);
  // The words ask each level in turn.
  const double text_from_image = Product(2 * cells, dim, dim) +
                                 Product(2 * words * static_cast<double>(levels.size()), dim, dim) +
                                 AttentionFlops(words, cells, dim);
  return image_from_text + text_from_image + Product(1, dim, dim);
}

double TransformerFlops(const Network& network, const std::vector<LevelShape>& levels) {
  const Architecture& a = network.architecture;
  const double cells = CellsOf(levels), queries = a.num_queries, dim = a.hidden_dim;
  const auto level_count = static_cast<double>(levels.size());
  double flops = 0;
  for (const EncoderLayer& layer : network.transformer.encoder) {
    flops += Flops(layer.attention.sampling_offsets, cells) + Flops(layer.attention.attention_weights, cells) +
             Flops(layer.attention.value_proj, cells) + Flops(layer.attention.output_proj, cells) +
             SamplingFlops(cells, layer.attention, level_count, dim / a.nheads) +
             Flops(layer.feed_forward.expand, cells) + Flops(layer.feed_forward.contract, cells);
  }
  for (const DecoderLayer& layer : network.transformer.decoder) {
    // Few queries read the memory itself and project what they read (model/deform_attn.cc): whole rows for each head.
    flops += Product(4 * queries, dim, dim) + AttentionFlops(queries, queries, dim) +
             Flops(layer.cross_attention.sampling_offsets, queries) +
             Flops(layer.cross_attention.attention_weights, queries) +
             SamplingFlops(queries, layer.cross_attention, level_count, dim) + Product(2 * queries, dim, dim) +
             Flops(layer.feed_forward.expand, queries) + Flops(layer.feed_forward.contract, queries);
  }
  return flops;
}

}  // namespace lqvg
