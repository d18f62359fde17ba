// From the lines of a results file to answered expressions.
//
// Pure functions, thread-safe.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/list_file.h"
#include "client/cli/list_line.pb.h"
#include "client/eval/answered.h"

namespace lqvg::eval {

// Whether each of `results` belongs to one of `items`, with the same true box and kind. INVALID_ARGUMENT names the
// first line that does not: it comes from another data set, or from other options.
absl::Status JudgeResults(const std::vector<cli::ResultLine>& results, const std::vector<cli::ListItem>& items);

// One for each item, in order, with what `results` have about it; the true box and the kind are the item's.
// INVALID_ARGUMENT: an item has no result.
absl::StatusOr<std::vector<Answered>> MakeAnswers(const std::vector<cli::ListItem>& items,
                                                  const std::vector<cli::ResultLine>& results);

}  // namespace lqvg::eval
