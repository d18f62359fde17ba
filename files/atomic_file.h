// Files that are there whole or not at all, whenever the program or the machine stops.
//
// Stateless; two threads may not write the same path at once. Blocks until the bytes are on the disk. Known to every
// room, knowing none.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace lqvg {

// Makes `path` hold the parts, one behind the other, readable to everybody (mode 0644, whatever the umask: the server
// that loads what a trainer wrote is another user). Until it returns OK, `path` holds what it held before. The bytes
// are gathered in `path`.partial, which an error removes; one that a killed program left is replaced.
//
// Errors name the file and the system's reason, for instance RESOURCE_EXHAUSTED (the disk is full), NOT_FOUND (no such
// folder), PERMISSION_DENIED. INVALID_ARGUMENT: `path` is there and not a regular file, such as a folder or /dev/null.
absl::Status WriteAtomically(const std::string& path, std::span<const std::span<const std::byte>> parts);
absl::Status WriteAtomically(const std::string& path, std::string_view text);

}  // namespace lqvg
