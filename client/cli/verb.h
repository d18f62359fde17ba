// One verb of the command line, such as `lqvg ground`: what it takes and what it does.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/arguments.h"
#include "client/cli/exit_code.h"

namespace lqvg::cli {

struct Verb {
  std::string name;
  std::string summary;                // one line, for `lqvg --help`
  std::vector<std::string> synopses;  // what may follow the name on the command line
  std::string explanation;            // between the synopses and the options
  std::vector<Option> options;
  bool takes_files = false;  // its operands may be files, which a shell completes
  // Does the work on the main thread, printing answers on standard output and what went wrong on standard error. A
  // status instead of an exit code: the command line is wrong, and the message says how.
  absl::StatusOr<ExitCode> (*run)(const Arguments& arguments);
};

// All there are, in the order of `lqvg --help`.
std::vector<Verb> Verbs();

}  // namespace lqvg::cli
