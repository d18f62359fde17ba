// What `lqvg` returns to the shell. Scripts depend on these numbers; the README lists them.
#pragma once

#include <span>

#include "absl/status/status.h"

namespace lqvg::cli {

enum ExitCode {
  kSuccess = 0,
  kSomeFailed = 1,      // several pictures or expressions were asked for and not all were answered
  kUsageError = 2,      // the command line is wrong, or a file that it names cannot be read or written
  kInputRefused = 3,    // the server is well; what it was sent is not, or this caller may not send it
  kUnavailable = 4,     // not reached, not ready or overloaded: the same call may work later
  kDeadlinePassed = 5,  // no answer within --timeout
  kInternalError = 6,   // a fault of the service, or a server of another kind
  kInterrupted = 130,   // SIGINT, as shells have it
};

struct ExitMeaning {
  ExitCode code;
  const char* text;  // a few words, for the help and the manual page
};
std::span<const ExitMeaning> ExitMeanings();

// The exit code for a call that ended with `code`, which is not OK.
ExitCode ExitCodeOf(absl::StatusCode code);

}  // namespace lqvg::cli
