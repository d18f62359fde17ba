#include "server/wire_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "image/rejection.h"
#include "tests/server/serving_fixture.h"

namespace lqvg::serving {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(WireStatusTest, CarriesReasonAndFieldsInTheDetails) {
  const Refusal refusal =
      ToRefusal(Reject(kInvalid, "IMAGE_TOO_LARGE", "100 px", {{"image", "100 px, the limit is 10"}}), "id");

  EXPECT_EQ(refusal.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(refusal.reason, "IMAGE_TOO_LARGE");
  EXPECT_EQ(refusal.pushback_ms, std::nullopt);
  const ErrorDetails details = DetailsOf(refusal.status);
  EXPECT_EQ(details.info.reason(), "IMAGE_TOO_LARGE");
  EXPECT_THAT(details.Fields(), ElementsAre("image"));
  EXPECT_EQ(details.bad_request.field_violations(0).description(), "100 px, the limit is 10");
  EXPECT_FALSE(details.retry.has_retry_delay());
}

TEST(WireStatusTest, AsksForPatienceWhereItHelps) {
  constexpr auto kUnavailable = absl::StatusCode::kUnavailable;
  for (const char* reason : {"QUEUE_FULL", "MEMORY_BUDGET"}) {
    const Refusal refusal = ToRefusal(Reject(kUnavailable, reason, "full"), "id");
    ASSERT_TRUE(refusal.pushback_ms);
    EXPECT_GT(*refusal.pushback_ms, 0);
    EXPECT_EQ(DetailsOf(refusal.status).retry.retry_delay().nanos(), *refusal.pushback_ms * 1'000'000);
  }
  EXPECT_EQ(ToRefusal(Reject(kUnavailable, "DEADLINE_UNREACHABLE", "no time"), "id").pushback_ms, 0);
  const Refusal quota = ToRefusal(Reject(absl::StatusCode::kResourceExhausted, "QUOTA_EXCEEDED", "too much"), "id");
  EXPECT_EQ(quota.pushback_ms, -1);
  EXPECT_FALSE(DetailsOf(quota.status).retry.has_retry_delay()) << "no time would be right";
  EXPECT_EQ(ToRefusal(Reject(kUnavailable, "SHUTTING_DOWN", "bye"), "id").pushback_ms, std::nullopt);
}

TEST(WireStatusTest, FailuresOutsideTheContractAreInternalAndKeepTheirWords) {
  for (const absl::Status& status :
       {absl::NotFoundError("/secret/path"), Reject(kInvalid, "NO_SUCH_REASON", "/secret/path"),
        Reject(absl::StatusCode::kInternal, "INTERNAL_ERROR", "/secret/path")}) {
    const Refusal refusal = ToRefusal(status, "my-id");
    EXPECT_EQ(refusal.status.error_code(), grpc::StatusCode::INTERNAL);
    EXPECT_EQ(refusal.status.error_message(), "internal error; please report request id my-id");
    EXPECT_EQ(ReasonOf(refusal.status), "INTERNAL_ERROR");
    EXPECT_EQ(refusal.status.error_details().find("secret"), std::string::npos);
  }
}

TEST(WireStatusTest, LongMessagesAreCutBetweenCharacters) {
  std::string message = "x";
  for (int i = 0; i < 1'000; ++i) message += "\xc3\xa9";
  std::vector<Violation> violations(20, {std::string(1'000, 'f'), message});

  const Refusal refusal = ToRefusal(Reject(kInvalid, "IMAGE_CORRUPT", message, std::move(violations)), "id");

  EXPECT_EQ(refusal.status.error_message().size(), 1'023u);
  EXPECT_EQ(refusal.status.error_message(), message.substr(0, 1'023));
  EXPECT_THAT(DetailsOf(refusal.status).Fields(), SizeIs(8));
  // What a client accepts is 8 KiB of trailers: the message percent-encoded and the details in base64.
  EXPECT_LT(refusal.status.error_message().size() * 3 + refusal.status.error_details().size() * 4 / 3, 8'000u);
}

// Every literal of several capital words in our sources, with the file where it stands: reasons, and few other things.
std::set<std::pair<std::string, std::string>> CapitalLiterals() {
  const std::regex literal(R"re("([A-Z]+(?:_[A-Z]+)+)")re");
  std::set<std::pair<std::string, std::string>> found;
  for (const char* folder : {"image", "model", "server"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(LQVG_SOURCE_DIR "/") + folder)) {
      if (entry.path().extension() != ".cc" && entry.path().extension() != ".h") continue;
      std::ifstream file(entry.path());
      std::stringstream text;
      text << file.rdbuf();
      const std::string source = text.str();
      for (std::sregex_iterator match(source.begin(), source.end(), literal), end; match != end; ++match) {
        found.emplace((*match)[1], entry.path().filename());
      }
    }
  }
  return found;
}

TEST(ErrorReasonTest, EveryReasonInTheSourcesIsPartOfTheContract) {
  const std::regex environment_variable("(LQVG|OMP|GOMP|KMP|MKL)_.*");
  const auto literals = CapitalLiterals();

  EXPECT_GE(literals.size(), 20u);
  for (const auto& [literal, file] : literals) {
    if (std::regex_match(literal, environment_variable)) continue;
    v1::ErrorReason value;
    EXPECT_TRUE(v1::ErrorReason_Parse("ERROR_REASON_" + literal, &value)) << literal << " in " << file;
  }
}

}  // namespace
}  // namespace lqvg::serving
