#include "server/read_text_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lqvg::serving {

absl::StatusOr<std::string> ReadTextFile(const std::string& path) {
  const auto fault = [&path](const std::string& why) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", why));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (file == nullptr) return fault(std::strerror(errno));
  std::string text(kMaxTextFileBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get())) return fault(std::strerror(errno));
  if (text.size() > kMaxTextFileBytes) return fault(absl::StrCat("is longer than ", kMaxTextFileBytes, " bytes"));
  return text;
}

}  // namespace lqvg::serving
