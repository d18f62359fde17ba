#include "client/cpp/call_error.h"

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"

namespace lqvg::client {
namespace {

google::rpc::Status MakeDetails(const std::string& domain) {
  google::rpc::Status details;
  details.set_code(3);
  details.set_message("bad");
  google::rpc::ErrorInfo info;
  info.set_domain(domain);
  info.set_reason("EXPRESSION_EMPTY");
  details.add_details()->PackFrom(info);
  google::rpc::BadRequest bad_request;
  auto* violation = bad_request.add_field_violations();
  violation->set_field("expressions[3]");
  violation->set_description("is empty");
  details.add_details()->PackFrom(bad_request);
  return details;
}

TEST(CallError, SurvivesTheStatusThatCarriesIt) {
  const CallError error = ErrorOf(MakeCallStatus(3, "bad", MakeDetails("lqvg").SerializeAsString(), "r1"));
  EXPECT_EQ(error.code, absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(error.reason, "EXPRESSION_EMPTY");
  EXPECT_EQ(error.message, "bad");
  ASSERT_EQ(error.violations.size(), 1u);
  EXPECT_EQ(error.violations[0].field, "expressions[3]");
  EXPECT_EQ(error.violations[0].description, "is empty");
  EXPECT_EQ(error.request_id, "r1");
}

TEST(CallError, OfOneExpressionReadsTheSameDetails) {
  const CallError error = ErrorOf(MakeDetails("lqvg"));
  EXPECT_EQ(error.code, absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(error.reason, "EXPRESSION_EMPTY");
  EXPECT_EQ(error.message, "bad");
}

TEST(CallError, TakesNoReasonFromAProxy) {
  EXPECT_EQ(ErrorOf(MakeCallStatus(14, "", MakeDetails("proxy.example").SerializeAsString(), "")).reason, "");
}

TEST(CallError, BearsDetailsThatAreAbsentOrNoProtobuf) {
  for (const char* details : {"", "\xFF\xFF"}) {
    const CallError error = ErrorOf(MakeCallStatus(14, "away", details, ""));
    EXPECT_EQ(error.code, absl::StatusCode::kUnavailable);
    EXPECT_EQ(error.message, "away");
    EXPECT_EQ(error.reason, "");
  }
}

TEST(CallError, IsNeverOkWhateverCodeTheServerSends) {
  for (const int code : {0, -1, 17}) {
    EXPECT_EQ(MakeCallStatus(code, "", "", "").code(), absl::StatusCode::kUnknown) << code;
  }
}

}  // namespace
}  // namespace lqvg::client
