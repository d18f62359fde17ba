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

// What becomes of the batch norm behind a convolution. A frozen norm is a scale and a shift, so to answer it is folded
// into the convolution (kFolded). Training keeps it: kFrozen, as fine-tuning does, or kTrained by each batch, which
// also moves the running statistics.
enum class BatchNorms { kFolded, kFrozen, kTrained };

struct BatchNorm {
  at::Tensor weight, bias;               // [out]
  at::Tensor running_mean, running_var;  // [out]
  bool training = false;
};

struct Convolution {
  at::Tensor weight;  // [out, in, k, k], channels last
  at::Tensor bias;    // [out]; undefined: none
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  BatchNorm norm = {};  // weight undefined: none, or folded in
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

ImageEncoder LoadImageEncoder(const Scope& root, const Architecture& architecture,
                              BatchNorms norms = BatchNorms::kFolded);

// `canvases` [B, S, S, 3] uint8 RGB.
ImageLevels Forward(const ImageEncoder& encoder, const at::Tensor& canvases, const Probe& probe = nullptr);

}  // namespace lqvg
