// Tells lqvg-server for its manual page and the completion of shells, from the table of settings.
//
// Stateless and thread-safe.
#pragma once

#include "manual/program.h"

namespace lqvg::serving {

manual::Program DescribeServer();

}  // namespace lqvg::serving
