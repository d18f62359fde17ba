// The part of the model that sees the picture alone: ResNet, then four levels of D channels.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "model/architecture.h"
#include "model/layers.h"

namespace lqvg {

// Told of intermediate results by name as they appear, for tests that compare stage by stage.
using Probe = std::function<void(const std::string& name, const at::Tensor& value)>;

// A convolution with the batch norm behind it folded in: the norm is frozen, so it is a scale and a shift.
struct Convolution {
  at::Tensor weight;  // [out, in, k, k], channels last
  at::Tensor bias;    // [out]
  std::int64_t stride = 1;
  std::int64_t padding = 0;
};

struct Bottleneck {
  Convolution reduce, spatial, expand;  // 1x1, 3x3 (has the stride: ResNet v1.5), 1x1
  Convolution shortcut;                 // weight undefined: identity
};

struct LevelProjection {
  Convolution convolution;
  at::Tensor norm_weight, norm_bias;  // [D], of GroupNorm(32)
};

struct ImageEncoder {
  Convolution stem;                               // 7x7 stride 2; a 3x3 max pool follows
  std::array<std::vector<Bottleneck>, 4> stages;  // layer1..layer4
  std::array<LevelProjection, Architecture::kLevels> projections;
};

// What a picture is to the rest of the model.
struct ImageLevels {
  at::Tensor tokens;               // [B, N, D], levels one after another, cells row by row
  std::vector<LevelShape> levels;  // N is the sum of their cells
};

ImageEncoder LoadImageEncoder(const Scope& root, const Architecture& architecture);

// `canvases` [B, S, S, 3] uint8 RGB.
ImageLevels Forward(const ImageEncoder& encoder, const at::Tensor& canvases, const Probe& probe = nullptr);

}  // namespace lqvg
