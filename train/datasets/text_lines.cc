#include "train/datasets/text_lines.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace lqvg::datasets {
namespace {

// Debian's absl has a string_view of its own.
absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

absl::StatusOr<std::string> ReadWhole(const std::string& path, std::size_t max_bytes) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  std::string content;
  std::vector<char> block(1 << 16);
  while (content.size() <= max_bytes && file) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    content.append(block.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) return absl::InvalidArgumentError(absl::StrCat(path, ": cannot be read"));
  if (content.size() > max_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is longer than ", max_bytes, " bytes"));
  }
  return content;
}

std::vector<TextLine> LinesOf(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) text.remove_prefix(kByteOrderMark.size());
  std::vector<TextLine> lines;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!Trimmed(line).empty()) lines.push_back({number, line});
  }
  return lines;
}

std::string Trimmed(std::string_view text) { return std::string(absl::StripAsciiWhitespace(View(text))); }

std::optional<float> ParseNumber(std::string_view text) {
  float number = 0;
  if (!absl::SimpleAtof(View(text), &number) || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> ParseIndex(std::string_view text) {
  std::uint64_t index = 0;
  if (!absl::SimpleAtoi(View(text), &index)) return std::nullopt;
  return index;
}

std::string Shown(std::string_view field) {
  constexpr std::size_t kMaxBytes = 60;
  const std::string cut = absl::CEscape(View(field.substr(0, kMaxBytes)));
  return absl::StrCat("\"", cut, field.size() > kMaxBytes ? "..." : "", "\"");
}

}  // namespace lqvg::datasets
