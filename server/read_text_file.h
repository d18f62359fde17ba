// A file that an operator names, in whole.
//
// Stateless and thread-safe; blocks while it reads.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace lqvg::serving {

// More is no certificate and no list of clients.
inline constexpr std::size_t kMaxTextFileBytes = 1u << 20;

// INVALID_ARGUMENT names the file and why it cannot be read: the system's reason, or that it is too long.
absl::StatusOr<std::string> ReadTextFile(const std::string& path);

}  // namespace lqvg::serving
