// Works through a list of expressions with several calls at a time: what `lqvg ground --list` and lqvg-eval have in
// common.
//
// SIGINT ends it cleanly: calls under way are answered and written, no more are made. A second SIGINT kills.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/arguments.h"
#include "client/cli/exit_code.h"
#include "client/cli/list_call.h"
#include "client/cli/list_file.h"
#include "lqvg/v1/grounding.pb.h"

namespace lqvg::cli {

struct ListRun {
  std::string program = "lqvg";  // begins what is said on standard error
  std::vector<ListItem> items;
  v1::GroundRequest request = {};  // what all calls share
  PictureSource pictures;
  std::uint32_t concurrency = 4;  // calls at a time
  std::string results;            // path of the results file (results_file.h)
  bool resume = false;            // keep what `results` holds and do the rest
};

// The value of --concurrency, 1 to 64; 4 where it is not given.
absl::StatusOr<std::uint32_t> ConcurrencyFrom(const Arguments& arguments);

// Asks the server that `connection` names (connection.h) and writes a line for each expression. Where nothing is left
// to ask, no server is. Called once, on the main thread; blocks until the list is done. A status: an option or the
// results file is wrong, and nothing was asked. kSomeFailed: a line that was written now is a failure.
absl::StatusOr<ExitCode> AskAll(const ListRun& run, const Arguments& connection);

}  // namespace lqvg::cli
