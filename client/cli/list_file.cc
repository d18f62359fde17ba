#include "client/cli/list_file.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/util/json_util.h"

namespace lqvg::cli {
namespace {

constexpr std::size_t kRsvgFields = 6;

// Nothing if the line is not of RSVG-HR's form.
std::optional<ListItem> ParseRsvg(const std::string& line) {
  const std::vector<std::string> fields = absl::StrSplit(line, absl::MaxSplits(',', kRsvgFields - 1));
  if (fields.size() != kRsvgFields) return std::nullopt;
  std::array<double, 4> box;
  for (std::size_t i = 0; i < box.size(); ++i) {
    if (!absl::SimpleAtod(fields[i + 1], &box[i]) || !std::isfinite(box[i])) return std::nullopt;
  }
  ListItem item{fields[0], fields[5], TruthBox()};
  item.truth->set_x_min(box[0]);
  item.truth->set_y_min(box[1]);
  item.truth->set_x_max(box[2]);
  item.truth->set_y_max(box[3]);
  return item;
}

absl::StatusOr<std::vector<ListItem>> ParseJson(const std::string& line) {
  ListLine parsed;
  if (const auto status = google::protobuf::util::JsonStringToMessage(line, &parsed); !status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("not {\"image\": ..., \"expressions\": [...]}: ", status.ToString()));
  }
  if (parsed.expressions().empty()) return absl::InvalidArgumentError("no expressions");
  std::vector<ListItem> items;
  for (const std::string& expression : parsed.expressions())
    items.push_back({parsed.image(), expression, std::nullopt});
  return items;
}

}  // namespace

// Follows Unicode's table of well-formed byte sequences (section 3.9): no overlong forms, no surrogates, nothing above
// U+10FFFF.
bool IsUtf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u; };
    const unsigned lead = byte(i);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xC2 ? 0
                               : lead < 0xE0 ? 2
                               : lead < 0xF0 ? 3
                               : lead < 0xF5 ? 4
                                             : 0;
    if (length == 0) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if (byte(i + k) < 0x80 || byte(i + k) > 0xBF) return false;
    }
    const unsigned second = byte(i + 1);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
        (lead == 0xF4 && second > 0x8F)) {
      return false;
    }
    i += length;
  }
  return true;
}

absl::StatusOr<std::vector<ListItem>> ParseListLine(const std::string& line) {
  if (!IsUtf8(line)) return absl::InvalidArgumentError("not UTF-8");
  std::vector<ListItem> items;
  if (line.starts_with('{')) {
    auto parsed = ParseJson(line);
    if (!parsed.ok()) return parsed.status();
    items = *std::move(parsed);
  } else if (auto item = ParseRsvg(line)) {
    items.push_back(*std::move(item));
  } else {
    const std::vector<std::string> fields = absl::StrSplit(line, '\t');
    for (std::size_t i = 1; i < fields.size(); ++i) items.push_back({fields[0], fields[i], std::nullopt});
  }
  if (items.empty()) {
    return absl::InvalidArgumentError(
        "neither picture,xmin,ymin,xmax,ymax,expression nor picture<TAB>expression nor a JSON object");
  }
  if (items[0].image.empty()) return absl::InvalidArgumentError("no picture");
  return items;
}

absl::StatusOr<std::vector<ListItem>> ReadList(std::istream& list) {
  std::vector<ListItem> items;
  std::string line;
  for (std::size_t number = 1; std::getline(list, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    auto parsed = ParseListLine(line);
    if (!parsed.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("line ", number, ": ", parsed.status().message()));
    }
    for (ListItem& item : *parsed) items.push_back(std::move(item));
  }
  return items;
}

}  // namespace lqvg::cli
