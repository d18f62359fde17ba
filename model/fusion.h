// Cross-modal alignment: the expression's words gate the picture's cells, the picture's cells gate the sentence.
//
// Both attentions multiply their target instead of adding to it: no residual, no norm.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/architecture.h"
#include "model/image_encoder.h"
#include "model/layers.h"
#include "model/text_encoder.h"

namespace lqvg {

struct Fusion {
  MultiheadAttention image_from_text;  // fusion_module
  MultiheadAttention text_from_image;  // fusion_module_text
  Linear pooler;                       // poolout_module.dense
};

struct Fused {
  at::Tensor tokens;    // [B, N, D], the picture's cells gated by the words
  at::Tensor sentence;  // [B, D]
};

Fusion LoadFusion(const Scope& root, const Architecture& architecture);

// `image_positions` [N, D], as SinePositions gives them level by level. Pictures and expressions are paired by index.
Fused Forward(const Fusion& fusion, const ImageLevels& image, const at::Tensor& image_positions, const TextWords& text,
              const Probe& probe = nullptr);

}  // namespace lqvg
