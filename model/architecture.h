// The hyperparameters of a model directory, read from its config.json and checked once. No torch.
//
// Names are those of the file and of the official code.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace lqvg {

// A bottleneck ResNet whose four stages end in 4 * widths[i] channels.
struct BackboneShape {
  int stem = 64;
  std::array<int, 4> widths = {64, 128, 256, 512};
  std::array<int, 4> blocks = {3, 4, 6, 3};
};

struct TextEncoderShape {
  int vocab_size = 50265;
  int hidden_size = 768;
  int num_hidden_layers = 12;
  int num_attention_heads = 12;
  int intermediate_size = 3072;
  int max_position_embeddings = 514;
  int pad_token_id = 1;
  double layer_norm_eps = 1e-5;

  // Positions start at pad_token_id + 1.
  int MaxTokens() const { return max_position_embeddings - pad_token_id - 1; }
};

struct Architecture {
  static constexpr int kLevels = 4;  // three of the backbone and one below it

  BackboneShape backbone;
  TextEncoderShape text_encoder;
  int hidden_dim = 256;
  int nheads = 8;
  int enc_layers = 4;
  int dec_layers = 4;
  int enc_n_points = 4;
  int dec_n_points = 4;
  int dim_feedforward = 2048;
  int num_queries = 10;
  int input_size = 1024;         // side of the canvas, pixels
  bool made_up_weights = false;  // the directory says that its weights were never trained
};

// Reads `path`. NOT_FOUND when there is no such file; else fails as ParseArchitecture does.
absl::StatusOr<Architecture> ReadArchitecture(const std::string& path);

// Reads the content of a config.json. INVALID_ARGUMENT names the key, its value and what is allowed.
absl::StatusOr<Architecture> ParseArchitecture(std::string_view json);

}  // namespace lqvg
