// Which expressions belong to a part (train, val, test) of a data set that numbers them: one number from 0 on a line.
//
// Immutable after Read and thread-safe; Read blocks while it reads.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "train/datasets/annotation.h"

namespace lqvg::datasets {

class SplitIndex {
 public:
  // In any order; blank lines count for nothing. A number that is there twice counts once, as it does in the official
  // code, and is a flaw. NOT_FOUND: no such file. INVALID_ARGUMENT names file and line: not a number from 0 on.
  static absl::StatusOr<SplitIndex> Read(const std::string& path);

  bool Contains(std::size_t index) const;
  const std::vector<std::size_t>& indices() const { return indices_; }  // ascending
  const std::vector<Flaw>& flaws() const { return flaws_; }

 private:
  std::vector<std::size_t> indices_;
  std::vector<Flaw> flaws_;
};

// How many numbers two parts share. It should be 0: one published version of DIOR-RSVG tests on what it trains on
// (ZhanYang-nwpu/RSVG-pytorch, issue 9).
std::size_t SharedIndices(const SplitIndex& one, const SplitIndex& other);

}  // namespace lqvg::datasets
