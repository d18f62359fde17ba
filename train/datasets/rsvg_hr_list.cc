#include "train/datasets/rsvg_hr_list.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "train/datasets/text_lines.h"

namespace lqvg::datasets {
namespace {

constexpr std::size_t kMaxListBytes = 64u << 20;
constexpr std::size_t kCoordinates = 4;

using Fields = std::vector<std::string>;

struct Entry {
  Annotation annotation;
  std::optional<std::string> flaw;  // and then it is left out, unless it is repaired
  bool is_repaired = false;
};

// The `count` fields from the second on; the last takes what is left of the line.
Fields FieldsOf(std::string_view line, std::size_t count) {
  return absl::StrSplit(absl::string_view(line.data(), line.size()), absl::MaxSplits(',', static_cast<int>(count)));
}

absl::StatusOr<PixelBox> BoxOf(const Fields& fields) {
  constexpr std::array<const char*, kCoordinates> kNames = {"xmin", "ymin", "xmax", "ymax"};
  std::array<float, kCoordinates> numbers = {};
  for (std::size_t i = 0; i < kCoordinates; ++i) {
    const std::optional<float> number = ParseNumber(fields[1 + i]);
    if (!number) return absl::InvalidArgumentError(absl::StrCat(kNames[i], " is not a number: ", Shown(fields[1 + i])));
    numbers[i] = *number;
  }
  return PixelBox{numbers[0], numbers[1], numbers[2], numbers[3]};
}

bool IsDigits(std::string_view text) { return !text.empty() && std::ranges::all_of(text, absl::ascii_isdigit); }

// Boxes that come of joining two neighbours by a point, when five numbers stand before the expression.
std::vector<PixelBox> Joined(const Fields& fields) {
  std::vector<PixelBox> boxes;
  for (std::size_t i = 1; i <= kCoordinates; ++i) {
    if (!IsDigits(fields[i + 1])) continue;
    Fields joined = fields;
    joined[i] = absl::StrCat(fields[i], ".", fields[i + 1]);
    joined.erase(joined.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    if (const absl::StatusOr<PixelBox> box = BoxOf(joined); box.ok() && !IsEmpty(*box)) boxes.push_back(*box);
  }
  return boxes;
}

// An expression that begins with a number and a comma is the end of the coordinates.
bool HasFiveNumbers(const Fields& fields) {
  return fields.size() == kCoordinates + 3 && ParseNumber(fields[5]).has_value();
}

void RepairDecimalComma(const Fields& fields, Entry& entry) {
  const std::vector<PixelBox> boxes = Joined(fields);
  const std::string found = absl::StrCat("five numbers where four belong (", fields[1], ",", fields[2], ",", fields[3],
                                         ",", fields[4], ",", fields[5], ")");
  entry.is_repaired = boxes.size() == 1;
  if (entry.is_repaired) {
    const PixelBox& box = entry.annotation.box = boxes.front();
    entry.flaw = absl::StrCat("repaired: ", found, ", a decimal comma; read as ", box.x_min, ",", box.y_min, ",",
                              box.x_max, ",", box.y_max);
  } else {
    entry.flaw = absl::StrCat("skipped: ", found, ", and ", boxes.size(), " ways to read a decimal comma");
  }
}

absl::StatusOr<Entry> ParseEntry(std::string_view line) {
  const Fields plain = FieldsOf(line, kCoordinates + 1);
  if (plain.size() < kCoordinates + 2) {
    return absl::InvalidArgumentError("is not picture,xmin,ymin,xmax,ymax,expression");
  }
  Entry entry;
  entry.annotation.picture = Trimmed(plain[0]);
  if (entry.annotation.picture.empty()) return absl::InvalidArgumentError("names no picture");
  const absl::StatusOr<PixelBox> box = BoxOf(plain);
  if (!box.ok()) return box.status();
  entry.annotation.box = *box;

  const Fields with_fifth = FieldsOf(line, kCoordinates + 2);
  const bool has_five_numbers = HasFiveNumbers(with_fifth);
  entry.annotation.expression = Trimmed(has_five_numbers ? with_fifth.back() : plain.back());
  if (has_five_numbers) RepairDecimalComma(with_fifth, entry);
  if (entry.flaw && !entry.is_repaired) return entry;
  if (entry.annotation.expression.empty()) {
    entry.flaw = "skipped: there is no expression";
    entry.is_repaired = false;
  } else if (IsEmpty(entry.annotation.box)) {
    entry.flaw = absl::StrCat("skipped: its box is empty or inside out (", plain[1], ",", plain[2], ",", plain[3], ",",
                              plain[4], ")");
  }
  return entry;
}

}  // namespace

absl::StatusOr<AnnotationSet> ReadRsvgHrList(const std::string& path) {
  const absl::StatusOr<std::string> content = ReadWhole(path, kMaxListBytes);
  if (!content.ok()) return content.status();
  const std::string name = std::filesystem::path(path).filename().string();
  AnnotationSet set;
  for (const TextLine& line : LinesOf(*content)) {
    absl::StatusOr<Entry> entry = ParseEntry(line.text);
    if (!entry.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ":", line.number, ": ", entry.status().message()));
    }
    if (entry->flaw) set.flaws.push_back({absl::StrCat(name, ":", line.number), *entry->flaw, entry->is_repaired});
    if (!entry->flaw || entry->is_repaired) set.annotations.push_back(std::move(entry->annotation));
  }
  return set;
}

}  // namespace lqvg::datasets
