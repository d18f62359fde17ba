// LQVG behind the Grounder door: loads a model directory and runs the forward pass with LibTorch.
//
// The header is free of torch; lqvg.cc is the only place where c10::Error is caught.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "model/grounder.h"

namespace lqvg {

struct LqvgOptions {
  std::string model_dir;       // config.json, model.safetensors, vocab.json, merges.txt
  std::string device = "cpu";  // "cpu" or "cuda"
  int threads = 0;             // for one operation; 0: one per core that the process may use
};

// Loads and checks everything. Errors name the file, the key or the tensor: NOT_FOUND (file), INVALID_ARGUMENT
// (configuration or weights), UNAVAILABLE (device). Blocks for seconds (a full model's weights are 0.6 GB).
absl::StatusOr<std::unique_ptr<Grounder>> LoadLqvg(const LqvgOptions& options);

}  // namespace lqvg
