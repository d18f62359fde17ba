// Reads a picture's bytes as they are: what is in them is for the server to judge.
//
// Stateless and thread-safe; blocks while reading.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace lqvg::cli {

// The content of `path`, or of standard input for "-". NOT_FOUND: no such file. PERMISSION_DENIED: it cannot be read.
// RESOURCE_EXHAUSTED: it has more bytes than any server takes; they are not read.
absl::StatusOr<std::string> ReadImageFile(const std::string& path);

}  // namespace lqvg::cli
