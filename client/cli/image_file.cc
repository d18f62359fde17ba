#include "client/cli/image_file.h"

#include "absl/strings/str_cat.h"
#include "client/cpp/client.h"
#include "files/file_bytes.h"

namespace lqvg::cli {

absl::StatusOr<std::string> ReadImageFile(const std::string& path) {
  absl::StatusOr<std::string> bytes = ReadBytes(path, client::kMaxRequestBytes);
  if (!absl::IsResourceExhausted(bytes.status())) return bytes;
  return absl::ResourceExhaustedError(absl::StrCat(bytes.status().message(), ", which no server takes"));
}

}  // namespace lqvg::cli
