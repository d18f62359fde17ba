// The layers that every part of the model is made of: a struct of weights and a free function each.
//
// Stateless; tensors are shared, never written in place. All run under the caller's grad mode.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "model/weights.h"

namespace lqvg {

// Height and width of one level of the feature pyramid, cells.
struct LevelShape {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t Cells() const { return height * width; }
};

struct Linear {
  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out]
};
Linear LoadLinear(const Scope& scope, std::int64_t out, std::int64_t in);
at::Tensor Forward(const Linear& layer, const at::Tensor& x);  // [..., in] -> [..., out]

struct LayerNorm {
  at::Tensor weight, bias;  // [D]
  double eps = 1e-5;
};
LayerNorm LoadLayerNorm(const Scope& scope, std::int64_t size, double eps = 1e-5);
at::Tensor Forward(const LayerNorm& layer, const at::Tensor& x);  // [..., D] -> [..., D]

// A perceptron with ReLU between its layers.
struct Mlp {
  std::vector<Linear> layers;
};
Mlp LoadMlp(const Scope& scope, const std::vector<std::int64_t>& sizes);
at::Tensor Forward(const Mlp& mlp, const at::Tensor& x);

// torch.nn.MultiheadAttention: one packed projection for query, key and value.
struct MultiheadAttention {
  at::Tensor in_proj_weight;  // [3D, D]
  at::Tensor in_proj_bias;    // [3D]
  Linear out_proj;
  std::int64_t heads = 8;

  Linear QueryProjection() const;
  Linear KeyProjection() const;
  Linear ValueProjection() const;
};
MultiheadAttention LoadMultiheadAttention(const Scope& scope, std::int64_t dim, std::int64_t heads);

// query [B, Tq, D], key and value [B, Tk, D] -> [B, Tq, D]. `key_valid` [B, Tk] bool; undefined: all are.
at::Tensor Forward(const MultiheadAttention& attention, const at::Tensor& query, const at::Tensor& key,
                   const at::Tensor& value, const at::Tensor& key_valid = {});

// softmax(q k^T / sqrt(d)) v per head: [B, T, D] each, already projected -> [B, Tq, D], not yet projected out.
at::Tensor AttendHeads(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, std::int64_t heads,
                       const at::Tensor& key_valid = {});

// 2-D sine positions of one level, rows first: [H * W, dim] (Deformable DETR's, normalised to 2 pi, offset -0.5).
at::Tensor SinePositions(LevelShape level, std::int64_t dim, at::Device device);

// 1-D sine positions of the valid tokens: valid [B, T] bool -> [B, T, dim].
at::Tensor SinePositions(const at::Tensor& valid, std::int64_t dim);

}  // namespace lqvg
