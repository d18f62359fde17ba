#include "files/file_bytes.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lqvg {
namespace {

constexpr std::size_t kChunkBytes = 1u << 20;

absl::Status SystemError(const std::string& path, int error) {
  const bool is_missing = error == ENOENT || error == ENOTDIR;
  return absl::Status(is_missing ? absl::StatusCode::kNotFound : absl::StatusCode::kPermissionDenied,
                      absl::StrCat(path, ": ", std::strerror(error)));
}

}  // namespace

absl::StatusOr<std::string> ReadBytes(const std::string& path, std::size_t most) {
  const bool is_standard_input = path == "-";
  const std::unique_ptr<FILE, int (*)(FILE*)> opened(is_standard_input ? nullptr : std::fopen(path.c_str(), "rbe"),
                                                     &std::fclose);
  FILE* const file = is_standard_input ? stdin : opened.get();
  if (file == nullptr) return SystemError(path, errno);
  std::string bytes;
  while (bytes.size() <= most) {
    const std::size_t filled = bytes.size();
    // One byte more than allowed tells a file that is too large from one that just fits.
    const std::size_t wanted = std::min(kChunkBytes, most + 1 - filled);
    bytes.resize(filled + wanted);
    const std::size_t read = std::fread(bytes.data() + filled, 1, wanted, file);
    bytes.resize(filled + read);
    if (std::ferror(file) != 0) return SystemError(path, errno);
    if (read < wanted) return bytes;
  }
  return absl::ResourceExhaustedError(absl::StrCat(path, " has more than ", most, " bytes"));
}

}  // namespace lqvg
