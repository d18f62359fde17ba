// `lqvg ground --list`: works through a file of pictures and expressions, as list_run.h says.
#pragma once

#include "absl/status/statusor.h"
#include "client/cli/arguments.h"
#include "client/cli/exit_code.h"

namespace lqvg::cli {

// Called once, on the main thread; blocks until the list is done. A status: the command line, the list or the results
// file is wrong, and nothing was asked.
absl::StatusOr<ExitCode> RunList(const Arguments& arguments);

}  // namespace lqvg::cli
