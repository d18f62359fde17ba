// The sizes at which deformable attention is measured: those of an encoder's and of a decoder's layer.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "model/architecture.h"
#include "model/layers.h"

namespace lqvg::bench {

struct AttentionShape {
  std::string name;  // "encoder_1024", by the side of the canvas
  std::vector<LevelShape> levels;
  std::int64_t dim = 0, heads = 0, points = 0, queries = 0;
  bool has_boxes = false;  // a decoder's few queries, each with a box, whose heads share all channels of the memory

  std::int64_t Cells() const;
  std::int64_t Channels() const { return has_boxes ? dim : dim / heads; }  // that a head reads of a cell
  std::int64_t PointsPerHead() const { return static_cast<std::int64_t>(levels.size()) * points; }
  // The cells' centres [1, queries, 2], or random boxes [1, queries, 4]; in 0..1.
  at::Tensor References() const;
};

// An encoder's and a decoder's of a full-size model, then of `architecture` unless that is the same.
std::vector<AttentionShape> AttentionShapes(const Architecture& architecture);

}  // namespace lqvg::bench
