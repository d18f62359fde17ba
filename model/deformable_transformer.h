// Deformable DETR's encoder and decoder, the decoder refining boxes layer by layer.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/architecture.h"
#include "model/deform_attn.h"
#include "model/image_encoder.h"
#include "model/layers.h"

namespace lqvg {

struct FeedForward {
  Linear expand, contract;
};

struct EncoderLayer {
  DeformAttn attention;
  LayerNorm attention_norm;  // norm1
  FeedForward feed_forward;
  LayerNorm output_norm;  // norm2
};

struct DecoderLayer {
  MultiheadAttention self_attention;
  LayerNorm self_norm;  // norm2: the official code numbers the norms in the order they were written
  DeformAttn cross_attention;
  LayerNorm cross_norm;  // norm1
  FeedForward feed_forward;
  LayerNorm output_norm;  // norm3
  Mlp box_head;           // bbox_embed.i
  Linear class_head;      // class_embed.i, D -> 1; undefined where only the last layer answers
};

struct DeformableTransformer {
  at::Tensor level_embed;   // [levels, D]
  at::Tensor query_embed;   // [Q, D]
  Linear reference_points;  // D -> 2
  std::vector<EncoderLayer> encoder;
  std::vector<DecoderLayer> decoder;
};

struct Proposals {
  at::Tensor logits;  // [B, Q]
  at::Tensor boxes;   // [B, Q, 4], (cx, cy, w, h) in 0..1 of the canvas
};

// Which decoder layers answer: the last, or, for the auxiliary losses of training, every one.
enum class ClassHeads { kLast, kEvery };

DeformableTransformer LoadDeformableTransformer(const Scope& root, const Architecture& architecture,
                                                ClassHeads class_heads = ClassHeads::kLast);

// The answers of the layers that have a class head, the last layer's at the end. No gradient flows from a layer's boxes
// into the layer before it (Zhu et al., appendix A.4). tokens [B, N, D] laid out as `levels` says, image_positions
// [N, D], sentence [B, D].
std::vector<Proposals> ForwardLayers(const DeformableTransformer& transformer, const at::Tensor& tokens,
                                     const std::vector<LevelShape>& levels, const at::Tensor& image_positions,
                                     const at::Tensor& sentence, const Probe& probe = nullptr);

// The last layer's answer.
Proposals Forward(const DeformableTransformer& transformer, const at::Tensor& tokens,
                  const std::vector<LevelShape>& levels, const at::Tensor& image_positions, const at::Tensor& sentence,
                  const Probe& probe = nullptr);

}  // namespace lqvg
