// What names a picture: the SHA-256 of its file's bytes.
//
// Stateless and thread-safe. About 0.6 ms a megabyte where the CPU has SHA instructions, 2 ms where not.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace lqvg::serving {

// The 32 bytes, not hexadecimal. INTERNAL when OpenSSL fails.
absl::StatusOr<std::string> Sha256(std::string_view bytes);

}  // namespace lqvg::serving
