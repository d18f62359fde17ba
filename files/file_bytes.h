// Reads a file whole.
//
// Stateless and thread-safe; blocks while reading.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace lqvg {

// What `path` holds; "-" is standard input. Errors begin with the path. NOT_FOUND: no such file. PERMISSION_DENIED: it cannot be read, as a
// folder cannot. RESOURCE_EXHAUSTED: it has more than `most` bytes; the rest is not read.
absl::StatusOr<std::string> ReadBytes(const std::string& path, std::size_t most);

}  // namespace lqvg
