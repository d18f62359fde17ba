#include "bench/model/attention_shape.h"

#include <ATen/ATen.h>

namespace lqvg::bench {
namespace {

std::vector<AttentionShape> ShapesOf(const Architecture& architecture) {
  AttentionShape encoder;
  const std::string side = std::to_string(architecture.input_size);
  encoder.name = "encoder_" + side;
  for (std::int64_t level = 0; level < Architecture::kLevels; ++level) {
    const std::int64_t stride = 8 << level, cells = (architecture.input_size + stride - 1) / stride;
    encoder.levels.push_back({cells, cells});
  }
  encoder.dim = architecture.hidden_dim;
  encoder.heads = architecture.nheads;
  encoder.points = architecture.enc_n_points;
  encoder.queries = encoder.Cells();
  AttentionShape decoder = encoder;
  decoder.name = "decoder_" + side;
  decoder.points = architecture.dec_n_points;
  decoder.queries = architecture.num_queries;
  decoder.has_boxes = true;
  return {encoder, decoder};
}

}  // namespace

std::int64_t AttentionShape::Cells() const {
  std::int64_t cells = 0;
  for (const LevelShape& level : levels) cells += level.Cells();
  return cells;
}

at::Tensor AttentionShape::References() const {
  if (has_boxes) return at::rand({1, queries, 4});
  std::vector<at::Tensor> centres;
  for (const LevelShape& level : levels) {
    const at::Tensor y = (at::arange(level.height) + 0.5) / static_cast<double>(level.height),
                     x = (at::arange(level.width) + 0.5) / static_cast<double>(level.width);
    const std::vector<at::Tensor> grid = at::meshgrid({y, x}, "ij");
    centres.push_back(at::stack({grid[1].flatten(), grid[0].flatten()}, -1));
  }
  return at::cat(centres).unsqueeze(0);
}

std::vector<AttentionShape> AttentionShapes(const Architecture& architecture) {
  const Architecture full;
  std::vector<AttentionShape> shapes = ShapesOf(full);
  if (architecture.input_size != full.input_size || architecture.hidden_dim != full.hidden_dim) {
    for (AttentionShape& shape : ShapesOf(architecture)) shapes.push_back(std::move(shape));
  }
  return shapes;
}

}  // namespace lqvg::bench
