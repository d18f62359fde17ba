// Tells lqvg for its manual page and the completion of shells, from the verbs and their tables of options.
//
// Stateless and thread-safe.
#pragma once

#include <vector>

#include "client/cli/arguments.h"
#include "manual/program.h"

namespace lqvg::cli {

manual::Program DescribeLqvg();

// A table of options as a manual page tells it.
std::vector<manual::Option> ForManual(const std::vector<Option>& options);

}  // namespace lqvg::cli
