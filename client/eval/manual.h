// Tells lqvg-eval for its manual page and the completion of shells, from its table of options.
//
// Stateless and thread-safe.
#pragma once

#include "manual/program.h"

namespace lqvg::eval {

manual::Program DescribeLqvgEval();

}  // namespace lqvg::eval
