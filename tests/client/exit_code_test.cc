#include "client/cli/exit_code.h"

#include <gtest/gtest.h>

namespace lqvg::cli {
namespace {

using Code = absl::StatusCode;

TEST(ExitCode, IsThreeForWhatTheServerRefuses) {
  for (const Code code :
       {Code::kInvalidArgument, Code::kOutOfRange, Code::kFailedPrecondition, Code::kNotFound, Code::kAlreadyExists,
        Code::kDataLoss, Code::kResourceExhausted, Code::kUnauthenticated, Code::kPermissionDenied}) {
    EXPECT_EQ(ExitCodeOf(code), 3) << absl::StatusCodeToString(code);
  }
}

TEST(ExitCode, IsFourForWhatMayWorkLater) {
  for (const Code code : {Code::kUnavailable, Code::kCancelled, Code::kAborted}) {
    EXPECT_EQ(ExitCodeOf(code), 4) << absl::StatusCodeToString(code);
  }
}

TEST(ExitCode, IsFiveForAMissedDeadline) { EXPECT_EQ(ExitCodeOf(Code::kDeadlineExceeded), 5); }

TEST(ExitCode, IsSixForFaultsOfTheService) {
  for (const Code code : {Code::kInternal, Code::kUnknown, Code::kUnimplemented}) {
    EXPECT_EQ(ExitCodeOf(code), 6) << absl::StatusCodeToString(code);
  }
}

}  // namespace
}  // namespace lqvg::cli
