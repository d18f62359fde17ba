#include "client/cli/exit_code.h"

namespace lqvg::cli {

std::span<const ExitMeaning> ExitMeanings() {
  static constexpr ExitMeaning kMeanings[] = {{kSuccess, "done"},
                                              {kSomeFailed, "some of several failed"},
                                              {kUsageError, "wrong command line, or a file cannot be read or written"},
                                              {kInputRefused, "input refused"},
                                              {kUnavailable, "server unavailable"},
                                              {kDeadlinePassed, "no answer in time"},
                                              {kInternalError, "fault of the service"},
                                              {kInterrupted, "interrupted"}};
  return kMeanings;
}

ExitCode ExitCodeOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kInputRefused;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kAborted:
      return kUnavailable;
    case absl::StatusCode::kDeadlineExceeded:
      return kDeadlinePassed;
    default:
      return kInternalError;
  }
}

}  // namespace lqvg::cli
