#include "image/rejection.h"

#include <gtest/gtest.h>

namespace lqvg {
namespace {

TEST(RejectionTest, CarriesCodeReasonMessageAndFields) {
  const absl::Status status = Reject(absl::StatusCode::kNotFound, "MODEL_NOT_FOUND", "no such model",
                                     {{"model", "the served model is demo"}, {"image", ""}});
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no such model");
  EXPECT_EQ(ReasonOf(status), "MODEL_NOT_FOUND");
  const std::vector<Violation> violations = ViolationsOf(status);
  ASSERT_EQ(violations.size(), 2u);
  EXPECT_EQ(violations[0].field, "model");
  EXPECT_EQ(violations[0].description, "the served model is demo");
  EXPECT_EQ(violations[1].field, "image");
  EXPECT_EQ(violations[1].description, "");
}

TEST(RejectionTest, KeepsTheFirstEightViolations) {
  std::vector<Violation> many;
  for (int i = 0; i < 12; ++i) many.push_back({"expressions[" + std::to_string(i) + "]", "empty"});
  const std::vector<Violation> kept =
      ViolationsOf(Reject(absl::StatusCode::kInvalidArgument, "EXPRESSION_EMPTY", "empty", many));
  ASSERT_EQ(kept.size(), kMaxViolations);
  EXPECT_EQ(kept.back().field, "expressions[7]");
}

TEST(RejectionTest, AnyOtherStatusHasNoReason) {
  EXPECT_EQ(ReasonOf(absl::InternalError("bug")), "");
  EXPECT_TRUE(ViolationsOf(absl::OkStatus()).empty());
}

}  // namespace
}  // namespace lqvg
