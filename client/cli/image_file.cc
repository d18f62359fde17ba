#include "client/cli/image_file.h"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/cpp/client.h"

namespace lqvg::cli {
namespace {

constexpr std::size_t kChunkBytes = 1u << 20;

absl::Status SystemError(const std::string& path, int error) {
  const absl::StatusCode code = error == ENOENT ? absl::StatusCode::kNotFound : absl::StatusCode::kPermissionDenied;
  return absl::Status(code, absl::StrCat(path, ": ", std::strerror(error)));
}

}  // namespace

absl::StatusOr<std::string> ReadImageFile(const std::string& path) {
  const bool is_standard_input = path == "-";
  const std::unique_ptr<FILE, int (*)(FILE*)> opened(is_standard_input ? nullptr : std::fopen(path.c_str(), "rb"),
                                                     &std::fclose);
  FILE* file = is_standard_input ? stdin : opened.get();
  if (file == nullptr) return SystemError(path, errno);
  std::string bytes;
  while (bytes.size() <= client::kMaxRequestBytes) {
    const std::size_t filled = bytes.size();
    bytes.resize(filled + kChunkBytes);
    const std::size_t read = std::fread(bytes.data() + filled, 1, kChunkBytes, file);
    bytes.resize(filled + read);
    if (std::ferror(file) != 0) return SystemError(path, errno);
    if (read < kChunkBytes) return bytes;
  }
  return absl::ResourceExhaustedError(
      absl::StrCat(path, " has more than ", client::kMaxRequestBytes, " bytes, which no server takes"));
}

}  // namespace lqvg::cli
