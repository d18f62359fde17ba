// The identity of a model directory. No torch.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace lqvg {

// 64 hexadecimal digits, the same as this shell command in the directory:
//   sha256sum config.json merges.txt model.safetensors vocab.json | sha256sum
// NOT_FOUND names the file that is missing. Blocks while the files are read (a full model: about half a second).
absl::StatusOr<std::string> ModelDigest(const std::string& model_dir);

}  // namespace lqvg
