// `lqvg ground --list`: works through a list of pictures and expressions with several calls at a time.
//
// SIGINT ends it cleanly: calls under way are answered and written, no more are made. A second SIGINT kills.
#pragma once

#include "absl/status/statusor.h"
#include "client/cli/arguments.h"
#include "client/cli/exit_code.h"

namespace lqvg::cli {

// Called once, on the main thread; blocks until the list is done. A status: the command line, the list or the results
// file is wrong, and nothing was asked.
absl::StatusOr<ExitCode> RunList(const Arguments& arguments);

}  // namespace lqvg::cli
