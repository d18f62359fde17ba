#include "train/datasets/dior_rsvg.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <pugixml.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "train/datasets/split_index.h"
#include "train/datasets/text_lines.h"

namespace lqvg::datasets {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxXmlBytes = 4u << 20;  // the set's largest has a few kilobytes

absl::StatusOr<std::vector<std::string>> XmlFilesBelow(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> paths;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code unknown;  // of an entry that vanished meanwhile
    if (entry->path().extension() == ".xml" && entry->is_regular_file(unknown)) paths.push_back(entry->path().string());
  }
  if (error) return absl::NotFoundError(absl::StrCat(folder, ": ", error.message()));
  if (paths.empty()) return absl::NotFoundError(absl::StrCat(folder, ": holds no .xml file"));
  std::ranges::sort(paths);
  return paths;
}

// What Python's ElementTree calls an element's text: up to the first element inside, comments left out.
std::string TextOf(const pugi::xml_node& element) {
  std::string text;
  for (const pugi::xml_node child : element.children()) {
    if (child.type() == pugi::node_element) break;
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) text += child.value();
  }
  return Trimmed(text);
}

// Reads one file's objects; `count` is the index of its first one.
class ObjectReader {
 public:
  ObjectReader(const std::string& path, const SplitIndex& split, AnnotationSet& set)
      : path_(path), split_(split), set_(set) {}

  absl::Status ReadFile(std::size_t& count) {
    const absl::StatusOr<std::string> content = ReadWhole(path_, kMaxXmlBytes);
    if (!content.ok()) return content.status();
    pugi::xml_document document;
    const pugi::xml_parse_result parsed = document.load_buffer(content->data(), content->size());
    if (!parsed) return Fault(absl::StrCat("byte ", parsed.offset, ": ", parsed.description()));
    const pugi::xml_node root = document.document_element();
    int number = 0;
    for (const pugi::xml_node object : root.children("object")) {
      ++number;
      if (!split_.Contains(count++)) continue;
      if (absl::Status status = ReadObject(root, object, number); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Fault(const std::string& what) const {
    return absl::InvalidArgumentError(absl::StrCat(path_, ": ", what));
  }

  absl::StatusOr<float> Coordinate(const pugi::xml_node& object, const std::string& place, const char* name) const {
    const pugi::xml_node node = object.child("bndbox").child(name);
    if (!node) return Fault(absl::StrCat(place, "/bndbox/", name, " is missing"));
    const std::optional<float> number = ParseNumber(TextOf(node));
    if (!number) return Fault(absl::StrCat(place, "/bndbox/", name, " is not a number: ", Shown(TextOf(node))));
    return *number;
  }

  absl::StatusOr<PixelBox> Box(const pugi::xml_node& object, const std::string& place) const {
    PixelBox box;
    for (const auto& [name, side] : {std::pair("xmin", &PixelBox::x_min), std::pair("ymin", &PixelBox::y_min),
                                     std::pair("xmax", &PixelBox::x_max), std::pair("ymax", &PixelBox::y_max)}) {
      const absl::StatusOr<float> number = Coordinate(object, place, name);
      if (!number.ok()) return number.status();
      box.*side = *number;
    }
    return box;
  }

  absl::Status ReadObject(const pugi::xml_node& root, const pugi::xml_node& object, int number) {
    const std::string place = absl::StrCat("annotation/object[", number, "]");
    Annotation annotation;
    annotation.picture = TextOf(root.child("filename"));
    if (annotation.picture.empty()) return Fault("annotation/filename is missing or empty");
    annotation.kind = TextOf(object.child("name"));
    if (annotation.kind.empty()) return Fault(absl::StrCat(place, "/name is missing or empty"));
    const absl::StatusOr<PixelBox> box = Box(object, place);
    if (!box.ok()) return box.status();
    annotation.box = *box;
    const pugi::xml_node description = object.child("description");
    if (!description) return Fault(absl::StrCat(place, "/description is missing"));
    annotation.expression = TextOf(description);

    const std::string name = fs::path(path_).filename().string();
    const auto skip = [&](const std::string& why) {
      set_.flaws.push_back({absl::StrCat(name, ":", place), absl::StrCat("skipped: ", why)});
    };
    if (annotation.expression.empty()) {
      skip("its description is empty");
    } else if (IsEmpty(annotation.box)) {
      skip(absl::StrCat("its box is empty or inside out (", box->x_min, ",", box->y_min, ",", box->x_max, ",",
                        box->y_max, ")"));
    } else {
      set_.annotations.push_back(std::move(annotation));
    }
    return absl::OkStatus();
  }

  const std::string& path_;
  const SplitIndex& split_;
  AnnotationSet& set_;
};

}  // namespace

absl::StatusOr<AnnotationSet> ReadDiorRsvg(const std::string& annotations_dir, const std::string& index_file) {
  const absl::StatusOr<SplitIndex> split = SplitIndex::Read(index_file);
  if (!split.ok()) return split.status();
  const absl::StatusOr<std::vector<std::string>> paths = XmlFilesBelow(annotations_dir);
  if (!paths.ok()) return paths.status();

  AnnotationSet set;
  set.flaws = split->flaws();
  std::size_t count = 0;
  for (const std::string& path : *paths) {
    if (absl::Status status = ObjectReader(path, *split, set).ReadFile(count); !status.ok()) return status;
  }
  const auto beyond = std::ranges::lower_bound(split->indices(), count);
  if (beyond != split->indices().end()) {
    return absl::InvalidArgumentError(
        absl::StrCat(index_file, ": index ", *beyond, " is beyond the ", count, " objects in ", annotations_dir));
  }
  return set;
}

}  // namespace lqvg::datasets
