#include "client/eval/data_set.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "train/datasets/dior_rsvg.h"
#include "train/datasets/rsvg_hr_list.h"
#include "train/datasets/text_lines.h"

namespace lqvg::eval {
namespace {

using datasets::AnnotationSet;
using datasets::PixelBox;
using Json = nlohmann::json;

constexpr std::size_t kMaxJsonlBytes = 64u << 20;

std::string FileName(const std::string& path) { return std::filesystem::path(path).filename().string(); }

// XML files and lists of commas may hold any bytes.
DataSet FromAnnotations(std::string name, AnnotationSet set, const std::string& images_dir) {
  DataSet data{.name = std::move(name), .items = {}, .flaws = std::move(set.flaws), .pictures = {}};
  for (datasets::Annotation& annotation : set.annotations) {
    if (cli::IsUtf8(annotation.picture) && cli::IsUtf8(annotation.expression) && cli::IsUtf8(annotation.kind)) {
      data.items.push_back({std::move(annotation.picture), std::move(annotation.expression), TruthOf(annotation.box),
                            std::move(annotation.kind)});
    } else {
      data.flaws.push_back({annotation.picture, "skipped: an expression that is not UTF-8"});
    }
  }
  data.pictures = cli::PicturesIn(images_dir);
  return data;
}

absl::StatusOr<std::string> TextMember(const Json& line, const char* name) {
  const auto member = line.find(name);
  if (member != line.end() && member->is_string() && !member->get_ref<const std::string&>().empty()) {
    return member->get<std::string>();
  }
  return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" is not a text that holds something"));
}

absl::StatusOr<std::optional<PixelBox>> BoxMember(const Json& line) {
  const auto member = line.find("box");
  const absl::Status wrong =
      absl::InvalidArgumentError("\"box\" is neither [x_min, y_min, x_max, y_max], finite numbers, nor null");
  if (member == line.end()) return wrong;
  if (member->is_null()) return std::nullopt;
  std::array<float, 4> corners;
  if (!member->is_array() || member->size() != corners.size()) return wrong;
  for (std::size_t i = 0; i < corners.size(); ++i) {
    if (!(*member)[i].is_number()) return wrong;
    corners[i] = static_cast<float>((*member)[i].get<double>());
    if (!std::isfinite(corners[i])) return wrong;
  }
  return PixelBox{corners[0], corners[1], corners[2], corners[3]};
}

absl::StatusOr<cli::ListItem> ParseLine(std::string_view text) {
  const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!line.is_object()) return absl::InvalidArgumentError("not a JSON object");
  cli::ListItem item;
  for (const auto& [name, value] : {std::pair("image", &item.image), std::pair("expression", &item.expression)}) {
    absl::StatusOr<std::string> member = TextMember(line, name);
    if (!member.ok()) return member.status();
    *value = *std::move(member);
  }
  if (line.contains("kind")) {
    absl::StatusOr<std::string> kind = TextMember(line, "kind");
    if (!kind.ok()) return kind.status();
    item.kind = *std::move(kind);
  }
  const absl::StatusOr<std::optional<PixelBox>> box = BoxMember(line);
  if (!box.ok()) return box.status();
  if (*box) item.truth = TruthOf(**box);
  item.absent = !*box;
  return item;
}

bool IsEmpty(const cli::TruthBox& box) { return !(box.x_min() < box.x_max() && box.y_min() < box.y_max()); }

}  // namespace

cli::TruthBox TruthOf(const PixelBox& box) {
  cli::TruthBox truth;
  truth.set_x_min(static_cast<double>(box.x_min));
  truth.set_y_min(static_cast<double>(box.y_min));
  truth.set_x_max(static_cast<double>(box.x_max));
  truth.set_y_max(static_cast<double>(box.y_max));
  return truth;
}

absl::StatusOr<DataSet> ReadRsvgHr(const std::string& list, const std::string& images_dir) {
  absl::StatusOr<AnnotationSet> set = datasets::ReadRsvgHrList(list);
  if (!set.ok()) return set.status();
  return FromAnnotations(absl::StrCat("RSVG-HR ", FileName(list)), *std::move(set), images_dir);
}

absl::StatusOr<DataSet> ReadDiorRsvg(const std::string& annotations_dir, const std::string& index_file,
                                     const std::string& images_dir) {
  absl::StatusOr<AnnotationSet> set = datasets::ReadDiorRsvg(annotations_dir, index_file);
  if (!set.ok()) return set.status();
  return FromAnnotations(absl::StrCat("DIOR-RSVG ", FileName(index_file)), *std::move(set), images_dir);
}

absl::StatusOr<DataSet> ReadJsonl(const std::string& path, const std::string& images_dir) {
  const absl::StatusOr<std::string> content = datasets::ReadWhole(path, kMaxJsonlBytes);
  if (!content.ok()) return content.status();
  DataSet data{.name = FileName(path), .items = {}, .flaws = {}, .pictures = cli::PicturesIn(images_dir)};
  for (const datasets::TextLine& line : datasets::LinesOf(*content)) {
    absl::StatusOr<cli::ListItem> item = ParseLine(line.text);
    if (!item.ok())
      return absl::InvalidArgumentError(absl::StrCat(path, ":", line.number, ": ", item.status().message()));
    if (item->truth && IsEmpty(*item->truth)) {
      data.flaws.push_back({absl::StrCat(data.name, ":", line.number), "skipped: its box is empty or inside out"});
    } else {
      data.items.push_back(*std::move(item));
    }
  }
  return data;
}

}  // namespace lqvg::eval
