#include "train/datasets/split_index.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "train/datasets/text_lines.h"

namespace lqvg::datasets {
namespace {

constexpr std::size_t kMaxIndexBytes = 64u << 20;

}  // namespace

absl::StatusOr<SplitIndex> SplitIndex::Read(const std::string& path) {
  const absl::StatusOr<std::string> content = ReadWhole(path, kMaxIndexBytes);
  if (!content.ok()) return content.status();
  const std::string name = std::filesystem::path(path).filename().string();
  SplitIndex split;
  std::set<std::size_t> seen;
  for (const TextLine& line : LinesOf(*content)) {
    const std::optional<std::uint64_t> index = ParseIndex(line.text);
    if (!index) {
      return absl::InvalidArgumentError(absl::StrCat(path, ":", line.number, ": is not an index: ", Shown(line.text)));
    }
    if (!seen.insert(*index).second) {
      split.flaws_.push_back(
          {absl::StrCat(name, ":", line.number), absl::StrCat("skipped: ", *index, " is there twice")});
    }
  }
  split.indices_.assign(seen.begin(), seen.end());
  return split;
}

bool SplitIndex::Contains(std::size_t index) const { return std::ranges::binary_search(indices_, index); }

std::size_t SharedIndices(const SplitIndex& one, const SplitIndex& other) {
  std::vector<std::size_t> shared;
  std::ranges::set_intersection(one.indices(), other.indices(), std::back_inserter(shared));
  return shared.size();
}

}  // namespace lqvg::datasets
