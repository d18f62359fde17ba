// The part of the model that sees the expression alone: RoBERTa and the projection of its words to D channels.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/architecture.h"
#include "model/image_encoder.h"
#include "model/layers.h"

namespace lqvg {

struct RobertaLayer {
  Linear query, key, value, attention_output;
  LayerNorm attention_norm;
  Linear intermediate, output;
  LayerNorm output_norm;
};

struct TextEncoder {
  at::Tensor word_embeddings;        // [vocabulary, H]
  at::Tensor position_embeddings;    // [positions, H]
  at::Tensor token_type_embeddings;  // [1, H]
  LayerNorm embedding_norm;
  std::vector<RobertaLayer> layers;
  std::int64_t heads = 12;
  std::int64_t pad_token_id = 1;
  Linear resizer;  // H -> D
  LayerNorm resizer_norm;
};

// What an expression is to the rest of the model.
struct TextWords {
  at::Tensor words;      // [B, T, D]
  at::Tensor positions;  // [B, T, D]
  at::Tensor valid;      // [B, T] bool, false for padding
};

TextEncoder LoadTextEncoder(const Scope& root, const Architecture& architecture);

// `token_ids` [B, T] int64, rows padded with pad_token_id to the longest; `valid` [B, T] bool says where the padding is
// (not the ids: an expression may spell out "<pad>", and the official tokenizer attends to it).
TextWords Forward(const TextEncoder& encoder, const at::Tensor& token_ids, const at::Tensor& valid,
                  const Probe& probe = nullptr);

}  // namespace lqvg
