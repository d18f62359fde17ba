#include "model/text_encoder.h"

#include <ATen/ATen.h>

namespace lqvg {
namespace {

constexpr double kResizerNormEps = 1e-12;

RobertaLayer LoadRobertaLayer(const Scope& scope, const TextEncoderShape& shape) {
  const std::int64_t hidden = shape.hidden_size, inner = shape.intermediate_size;
  const Scope self = scope.In("attention.self");
  return {LoadLinear(self.In("query"), hidden, hidden),
          LoadLinear(self.In("key"), hidden, hidden),
          LoadLinear(self.In("value"), hidden, hidden),
          LoadLinear(scope.In("attention.output.dense"), hidden, hidden),
          LoadLayerNorm(scope.In("attention.output.LayerNorm"), hidden, shape.layer_norm_eps),
          LoadLinear(scope.In("intermediate.dense"), inner, hidden),
          LoadLinear(scope.In("output.dense"), hidden, inner),
          LoadLayerNorm(scope.In("output.LayerNorm"), hidden, shape.layer_norm_eps)};
}

// x [B, T, H] -> [B, T, H], the norm after each residual (post-LN).
at::Tensor Forward(const RobertaLayer& layer, const at::Tensor& x, const at::Tensor& valid, std::int64_t heads) {
  const at::Tensor mixed =
      AttendHeads(Forward(layer.query, x), Forward(layer.key, x), Forward(layer.value, x), heads, valid);
  const at::Tensor attended = Forward(layer.attention_norm, x + Forward(layer.attention_output, mixed));
  const at::Tensor inner = at::gelu(Forward(layer.intermediate, attended));  // erf, not the tanh approximation
  return Forward(layer.output_norm, attended + Forward(layer.output, inner));
}

}  // namespace

TextEncoder LoadTextEncoder(const Scope& root, const Architecture& architecture) {
  const TextEncoderShape& shape = architecture.text_encoder;
  const std::int64_t hidden = shape.hidden_size;
  const Scope scope = root.In("text_encoder"), embeddings = scope.In("embeddings");
  TextEncoder encoder;
  encoder.word_embeddings = embeddings.Take("word_embeddings.weight", {shape.vocab_size, hidden});
  encoder.position_embeddings = embeddings.Take("position_embeddings.weight", {shape.max_position_embeddings, hidden});
  encoder.token_type_embeddings = embeddings.Take("token_type_embeddings.weight", {1, hidden});
  encoder.embedding_norm = LoadLayerNorm(embeddings.In("LayerNorm"), hidden, shape.layer_norm_eps);
  for (int i = 0; i < shape.num_hidden_layers; ++i) {
    encoder.layers.push_back(LoadRobertaLayer(scope.In("encoder.layer", i), shape));
  }
  encoder.heads = shape.num_attention_heads;
  encoder.pad_token_id = shape.pad_token_id;
  encoder.resizer = LoadLinear(root.In("resizer.fc"), architecture.hidden_dim, hidden);
  encoder.resizer_norm = LoadLayerNorm(root.In("resizer.layer_norm"), architecture.hidden_dim, kResizerNormEps);
  return encoder;
}

TextWords Forward(const TextEncoder& encoder, const at::Tensor& token_ids, const at::Tensor& valid,
                  const Probe& probe) {
  const at::Tensor counted = (token_ids != encoder.pad_token_id).to(at::kLong);
  const at::Tensor position_ids = counted.cumsum(1) * counted + encoder.pad_token_id;  // RoBERTa counts from pad + 1

  at::Tensor x = at::embedding(encoder.word_embeddings, token_ids) + encoder.token_type_embeddings[0] +
                 at::embedding(encoder.position_embeddings, position_ids);
  x = Forward(encoder.embedding_norm, x);
  for (const RobertaLayer& layer : encoder.layers) x = Forward(layer, x, valid, encoder.heads);

  const at::Tensor words = Forward(encoder.resizer_norm, Forward(encoder.resizer, x));
  if (probe) probe("text.resizer", words);
  return {words, SinePositions(valid, words.size(-1)), valid};
}

}  // namespace lqvg
