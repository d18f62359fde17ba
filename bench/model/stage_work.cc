#include "bench/model/stage_work.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace lqvg::bench {
namespace {

constexpr double kFloatBytes = sizeof(float);

// [rows, in] times [in, out].
Work Product(double rows, double in, double out) {
  return {2 * rows * in * out, kFloatBytes * (rows * in + in * out + rows * out)};
}

Work Project(const Linear& layer, double rows) {
  return Product(rows, static_cast<double>(layer.weight.size(1)), static_cast<double>(layer.weight.size(0)));
}

// softmax(q k^T) v over all heads.
Work Attend(double queries, double keys, double dim) {
  return {4 * queries * keys * dim, kFloatBytes * 2 * (queries + keys) * dim};
}

double PointsOf(const DeformAttn& attention, std::size_t levels) {
  return static_cast<double>(attention.heads * attention.points) * static_cast<double>(levels);
}

// A square picture passing through convolutions; the side follows the strides.
class Walk {
 public:
  explicit Walk(std::int64_t side) : side_(side) {}

  void Pass(const Convolution& c) {
    Branch(c, side_);
    side_ = After(c, side_);
  }
  // Beside the path, which has the side `from` where it begins.
  void Branch(const Convolution& c, std::int64_t from) {
    const auto weights = static_cast<double>(c.weight.numel()), out = Square(After(c, from));
    work_ += {2 * weights * out, kFloatBytes * (weights + static_cast<double>(c.weight.size(1)) * Square(from) +
                                                static_cast<double>(c.weight.size(0)) * out)};
  }
  void Pool() { side_ = (side_ + 1) / 2; }

  std::int64_t side() const { return side_; }
  const Work& work() const { return work_; }

 private:
  static std::int64_t After(const Convolution& c, std::int64_t side) {
    return (side + 2 * c.padding - c.weight.size(2)) / c.stride + 1;
  }
  static double Square(std::int64_t side) { return static_cast<double>(side * side); }

  std::int64_t side_;
  Work work_;
};

double CellsOf(const std::vector<LevelShape>& levels) {
  double cells = 0;
  for (const LevelShape& level : levels) cells += static_cast<double>(level.Cells());
  return cells;
}

}  // namespace

Work SamplingWork(double queries, double points, double channels, double cells, double dim) {
  const double read = queries * points * 4 * channels;  // of the memory, at most all of it
  const double places = queries * points * 3;           // an offset (x, y) and a logit each
  return {2 * read, kFloatBytes * (std::min(read, cells * dim) + places + queries * dim)};
}

Work ImageWork(const Network& network) {
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
  return walk.work();
}

Work TextWork(const Network& network, std::int64_t tokens) {
  const auto rows = static_cast<double>(tokens);
  Work work = Project(network.text_encoder.resizer, rows);
  for (const RobertaLayer& layer : network.text_encoder.layers) {
    for (const Linear* linear :
         {&layer.query, &layer.key, &layer.value, &layer.attention_output, &layer.intermediate, &layer.output}) {
      work += Project(*linear, rows);
    }
    work += Attend(rows, rows, static_cast<double>(layer.query.weight.size(0)));
  }
  return work;
}

Work FusionWork(const Network& network, const std::vector<LevelShape>& levels, std::int64_t tokens) {
  const auto dim = static_cast<double>(network.architecture.hidden_dim), words = static_cast<double>(tokens);
  const auto heads = static_cast<double>(network.fusion.text_from_image.heads);
  Work work = Product(1, dim, dim);  // the sentence
  // The picture's cells ask the words: queries and outputs of the cells, keys and values of the words.
  const double all_cells = CellsOf(levels);
  for (const double rows : {all_cells, all_cells, words, words}) work += Product(rows, dim, dim);
  work += Attend(all_cells, words, dim);
  // The first word asks each level in turn; its side absorbs the cells' projections (model/fusion.cc): scores of cells
  // and of positions, then the weighted sum of cells, of whole rows for each head.
  for (const LevelShape& level : levels) {
    const auto cells = static_cast<double>(level.Cells());
    for (int i = 0; i < 4; ++i) work += Product(1, dim, dim);
    for (int i = 0; i < 3; ++i) work += Product(heads, dim, cells);
  }
  return work;
}

Work TransformerWork(const Network& network, const std::vector<LevelShape>& levels) {
  const Architecture& a = network.architecture;
  const double cells = CellsOf(levels), queries = a.num_queries, dim = a.hidden_dim;
  Work work;
  for (const EncoderLayer& layer : network.transformer.encoder) {
    for (const Linear* linear :
         {&layer.attention.sampling_offsets, &layer.attention.attention_weights, &layer.attention.value_proj,
          &layer.attention.output_proj, &layer.feed_forward.expand, &layer.feed_forward.contract}) {
      work += Project(*linear, cells);
    }
    work += SamplingWork(cells, PointsOf(layer.attention, levels.size()), dim / a.nheads, cells, dim);
  }
  for (const DecoderLayer& layer : network.transformer.decoder) {
    // Few queries read the memory itself and project what they read (model/deform_attn.cc): whole rows for each head.
    for (int i = 0; i < 6; ++i) work += Product(queries, dim, dim);
    for (const Linear* linear : {&layer.cross_attention.sampling_offsets, &layer.cross_attention.attention_weights,
                                 &layer.feed_forward.expand, &layer.feed_forward.contract}) {
      work += Project(*linear, queries);
    }
    work += Attend(queries, queries, dim);
    work += SamplingWork(queries, PointsOf(layer.cross_attention, levels.size()), dim, cells, dim);
  }
  return work;
}

}  // namespace lqvg::bench
