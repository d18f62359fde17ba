// Tells pictures and expressions apart among the operands of `lqvg ground`.
//
// -i and -e say it. An operand without them is a picture if a file of that name exists (or it is `-`, standard input)
// and an expression otherwise; what is named like a picture but does not exist is a mistake, not an expression.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/arguments.h"

namespace lqvg::cli {

struct Operands {
  std::vector<std::string> images;       // paths, or "-"
  std::vector<std::string> expressions;  // as typed, also empty ones: the server judges them
};

// Looks at the file system. INVALID_ARGUMENT: a file does not exist or is a folder, `-` twice, or no picture or no
// expression at all.
absl::StatusOr<Operands> SortOperands(const Arguments& arguments);

}  // namespace lqvg::cli
