// Tells lqvg for its manual page and the completion of shells, from the verbs and their tables of options.
//
// Stateless and thread-safe.
#pragma once

#include "manual/program.h"

namespace lqvg::cli {

manual::Program DescribeLqvg();

}  // namespace lqvg::cli
