// Every row of the contract's table of errors, provoked over a socket: code, reason, fields, words and trailers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "image/rejection.h"
#include "server/authenticator.h"
#include "tests/server/error_rows.h"
#include "tests/server/prepared_serving_fixture.h"
#include "tests/support/gate.h"

namespace lqvg::serving {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;

class ErrorTableTest : public PreparedServingTest, public testing::WithParamInterface<Row> {
 protected:
  void Arrange(Situation situation) {
    constexpr auto kSoon = std::chrono::milliseconds(50);
    if (situation == Situation::kFull) pipeline_options().admission.max_calls = 1;
    if (situation == Situation::kOutOfBytes) pipeline_options().admission.max_bytes = 10;
    const bool impatient = situation == Situation::kBusyAndImpatient || situation == Situation::kHeldAndImpatient;
    if (impatient) pipeline_options().default_deadline = kSoon;
    if (situation == Situation::kOverShare) {
      pipeline_options().admission.max_calls = 100;
      pipeline_options().admission.caller_percent = 1;
    }
    if (situation == Situation::kTooSlow) {
      pipeline_options().default_deadline = kSoon;
      grounder().before_ground = [kSoon] {
        std::this_thread::sleep_for(2 * kSoon);
        return absl::OkStatus();
      };
    }
    const bool busy = situation == Situation::kFull || situation == Situation::kOverShare ||
                      situation == Situation::kBusyAndImpatient;
    if (busy || impatient) grounder().before_encode_images = [this] { gate_.Pass(); };
    if (situation == Situation::kDeviceFull) {
      grounder().before_ground = [] {
        return Reject(absl::StatusCode::kResourceExhausted, "DEVICE_MEMORY", "one picture alone does not fit");
      };
    }
    if (situation == Situation::kDeviceLost) {
      grounder().before_ground = [] {
        return Reject(absl::StatusCode::kUnavailable, "DEVICE_LOST", "the device has failed");
      };
    }
    if (situation == Situation::kExclusive) {
      authenticator_.emplace(*ClientList::Parse("lab token " + std::string(64, 'a')));
      server_options().authenticator = &*authenticator_;
    }
    if (situation == Situation::kBroken) {
      grounder().before_ground = [] { return absl::InternalError("tensor of /secret/path"); };
    }
    ASSERT_NO_FATAL_FAILURE(StartServer());
    if (situation != Situation::kLoading) OpenPrepared();
    if (situation == Situation::kDraining) pipeline().BeginDrain();
    if (busy) HoldTheModel();
    if (situation == Situation::kTooSlow) ShowTheCost();
  }

  // Another call, from which the server learns what calls cost.
  void ShowTheCost() {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    EXPECT_TRUE(GroundIn(context, Request()).ok());
    log().Forget();
  }

  // Another call, which the model does not finish before the test ends.
  void HoldTheModel() {
    holder_ = std::thread([this] {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
      EXPECT_TRUE(GroundIn(context, Request()).ok());
    });
    gate_.WaitForArrivals(1);
  }

  void TearDown() override {
    gate_.Open();
    if (holder_.joinable()) holder_.join();
    PreparedServingTest::TearDown();
  }

  static v1::GroundRequest Request() {
    v1::GroundRequest request;
    Picture(PngFile({}))(request);
    request.add_expressions(kExpression);
    request.set_request_id(kRequestId);
    return request;
  }

  // Sends bytes as they are, with the id in the metadata as well.
  grpc::Status Ground(grpc::ClientContext& context, const std::string& bytes) {
    context.AddMetadata("x-request-id", kRequestId);
    return SendIn(context, "/lqvg.v1.GroundingService/Ground", bytes);
  }

 private:
  std::optional<Authenticator> authenticator_;
  Gate gate_;
  std::thread holder_;
};

// The pushback says in the trailers and in the details the same, and is there where waiting helps.
void ExpectPushback(const grpc::ClientContext& context, const ErrorDetails& details, bool wanted) {
  const std::optional<std::string> pushback = TrailerOf(context, "grpc-retry-pushback-ms");
  const std::string& reason = details.info.reason();
  const bool never = reason == "QUOTA_EXCEEDED";
  EXPECT_EQ(pushback.has_value(), wanted || never);
  EXPECT_EQ(details.retry.has_retry_delay(), wanted);
  if (!wanted) {
    if (never) {
      EXPECT_EQ(pushback, "-1");
    }
    return;
  }
  if (reason == "DEADLINE_UNREACHABLE") {
    EXPECT_EQ(pushback, "0") << "elsewhere, at once";
    EXPECT_EQ(details.retry.retry_delay().nanos(), 0);
    return;
  }
  int milliseconds = 0;
  EXPECT_TRUE(absl::SimpleAtoi(*pushback, &milliseconds)) << *pushback;
  EXPECT_GT(milliseconds, 0);
  EXPECT_EQ(details.retry.retry_delay().nanos(), milliseconds * 1'000'000);
}

TEST_P(ErrorTableTest, IsAnsweredAsTheContractSays) {
  const Row& row = GetParam();
  ASSERT_NO_FATAL_FAILURE(Arrange(row.situation));
  v1::GroundRequest request = Request();
  if (row.spoil) row.spoil(request);

  grpc::ClientContext context;
  const grpc::Status status = Ground(context, row.bytes != nullptr ? row.bytes : request.SerializeAsString());

  const ErrorDetails details = DetailsOf(status);
  EXPECT_EQ(details.info.reason(), row.reason);
  EXPECT_EQ(NameOf(status.error_code()), CodesOfTheContract()[row.reason]);
  EXPECT_THAT(details.Fields(), ElementsAreArray(row.fields));
  EXPECT_FALSE(status.error_message().empty());
  EXPECT_LE(status.error_message().size(), 1'024u);
  for (const std::string& word : row.words) EXPECT_THAT(status.error_message(), HasSubstr(word));
  for (const std::string secret : {kExpression, "/secret/path", "xxxx"}) {
    EXPECT_FALSE(absl::StrContains(status.error_details(), secret)) << secret;
  }
  EXPECT_THAT(context.GetServerInitialMetadata(), IsEmpty());
  EXPECT_EQ(TrailerOf(context, "x-request-id"), kRequestId);
  const std::string reason = row.reason;
  ExpectPushback(context, details,
                 reason == "QUEUE_FULL" || reason == "MEMORY_BUDGET" || reason == "DEADLINE_UNREACHABLE");
  std::size_t trailer_bytes = 0;
  for (const auto& [key, value] : context.GetServerTrailingMetadata()) trailer_bytes += key.size() + value.size() + 32;
  EXPECT_LT(trailer_bytes, 8'192u) << "more than clients accept";
  EXPECT_EQ(log().Wait().reason, row.reason);
}

INSTANTIATE_TEST_SUITE_P(, ErrorTableTest, testing::ValuesIn(Rows()),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

// --- That the rows are all there are ---

// Provoked over a socket by other tests, which name them.
const std::map<std::string, std::string> kElsewhere = {{"CLIENT_CANCELLED", "tests/server/ground_service_test.cc"},
                                                       {"PERMISSION_DENIED", "tests/server/authentication_test.py"},
                                                       {"STREAM_AGED", "tests/server/ground_stream_end_test.cc"}};

// What gives these is not built yet, and nothing that is asked for is left out. Whoever builds it takes the reason off
// this list.
const std::set<std::string> kNotBuilt = {"NOT_IMPLEMENTED"};

std::string TextOf(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(ErrorTableCompletenessTest, EveryReasonOfTheContractIsProvokedOrNotBuilt) {
  std::set<std::string> provoked;
  for (const Row& row : Rows()) provoked.insert(row.reason);
  for (const auto& [reason, file] : kElsewhere) {
    EXPECT_THAT(TextOf(LQVG_SOURCE_DIR "/" + file), HasSubstr('"' + reason + '"'));
    EXPECT_TRUE(provoked.insert(reason).second) << reason << " is provoked here";
  }
  const google::protobuf::EnumDescriptor& reasons = *v1::ErrorReason_descriptor();
  for (int i = 0; i < reasons.value_count(); ++i) {
    const std::string name = reasons.value(i)->name().substr(std::string("ERROR_REASON_").size());
    if (name == "UNSPECIFIED") continue;
    EXPECT_EQ(provoked.contains(name), !kNotBuilt.contains(name)) << name;
    EXPECT_TRUE(CodesOfTheContract().contains(name)) << "the comment of " << name << " does not begin with its code";
  }
}

TEST(ErrorTableCompletenessTest, NoPartOfTheServerRejectsWithAReasonThatIsNotBuilt) {
  for (const char* folder : {"image", "model", "server"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(LQVG_SOURCE_DIR "/" + std::string(folder))) {
      if (entry.path().extension() != ".cc") continue;
      const std::string text = TextOf(entry.path());
      for (const std::string& reason : kNotBuilt) {
        EXPECT_FALSE(std::regex_search(text, std::regex("Reject\\([^;]*\"" + reason + '"'))) << entry.path() << reason;
      }
    }
  }
}

}  // namespace
}  // namespace lqvg::serving
