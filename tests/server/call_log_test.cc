#include "server/call_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/fake_clock.h"

namespace lqvg::serving {
namespace {

constexpr char kTraceparent[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

FinishedCall Refused(absl::StatusCode code, const std::string& reason) {
  FinishedCall call{.method = "Ground", .code = code, .reason = reason, .request_id = "r1"};
  call.status = absl::Status(code, "side 8 px, must be 16 or more");
  return call;
}

class CallLogTest : public testing::Test {
 protected:
  explicit CallLogTest(const std::string& level = "info")
      : log_({.format = "json", .level = level}, std::make_shared<spdlog::sinks::ostream_sink_mt>(out_)),
        call_log_(log_, clock_) {}

  std::vector<nlohmann::json> Lines() const {
    std::vector<nlohmann::json> lines;
    std::istringstream text(out_.str());
    for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }

  std::ostringstream out_;
  FakeClock clock_;
  Log log_;
  CallLog call_log_;
};

class DebugCallLogTest : public CallLogTest {
 protected:
  DebugCallLogTest() : CallLogTest("debug") {}
};

TEST_F(CallLogTest, SaysNothingOfCallsThatWereAnswered) {
  call_log_.Record(FinishedCall{.method = "Ground", .request_id = "r1"});
  EXPECT_EQ(out_.str(), "");
}

TEST_F(CallLogTest, SaysWhoWasRefusedAndWhy) {
  FinishedCall call = Refused(absl::StatusCode::kInvalidArgument, "IMAGE_TOO_SMALL");
  call.traceparent = kTraceparent;
  call.client = "lab-a";
  call.total = std::chrono::microseconds(1'500);
  call.times.parse = std::chrono::milliseconds(1);
  call_log_.Record(call);
  ASSERT_EQ(Lines().size(), 1u);
  const nlohmann::json line = Lines()[0];
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["method"], "Ground");
  EXPECT_EQ(line["code"], "INVALID_ARGUMENT");
  EXPECT_EQ(line["reason"], "IMAGE_TOO_SMALL");
  EXPECT_EQ(line["request_id"], "r1");
  EXPECT_EQ(line["client"], "lab-a");
  EXPECT_EQ(line["trace_id"], "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(line["traceparent"], kTraceparent);
  EXPECT_EQ(line["detail"], "side 8 px, must be 16 or more");
  EXPECT_EQ(line["total_ms"], 1.5);
  EXPECT_EQ(line["parse_ms"], 1);
  EXPECT_FALSE(line.contains("model_ms")) << "the call did not get there";
}

TEST_F(CallLogTest, WarnsOfOverloadAndReportsFaultsAsErrors) {
  call_log_.Record(Refused(absl::StatusCode::kUnavailable, "QUEUE_FULL"));
  call_log_.Record(Refused(absl::StatusCode::kInternal, "INTERNAL_ERROR"));
  ASSERT_EQ(Lines().size(), 2u);
  EXPECT_EQ(Lines()[0]["level"], "warning");
  EXPECT_EQ(Lines()[1]["level"], "error");
}

TEST_F(CallLogTest, LeavesOutLinesAboveTheRateAndSaysHowMany) {
  for (int i = 0; i < CallLog::kBurst + 7; ++i)
    call_log_.Record(Refused(absl::StatusCode::kInvalidArgument, "IMAGE_CORRUPT"));
  EXPECT_EQ(Lines().size(), static_cast<std::size_t>(CallLog::kBurst));
  clock_.Advance(std::chrono::seconds(1));
  call_log_.Record(Refused(absl::StatusCode::kInvalidArgument, "IMAGE_CORRUPT"));
  EXPECT_EQ(Lines().back()["lines_left_out"], 7);
}

TEST_F(CallLogTest, KeepsRoomForErrorsWhenRefusalsFloodIt) {
  for (int i = 0; i < 10 * CallLog::kBurst; ++i)
    call_log_.Record(Refused(absl::StatusCode::kInvalidArgument, "IMAGE_CORRUPT"));
  call_log_.Record(Refused(absl::StatusCode::kInternal, "INTERNAL_ERROR"));
  EXPECT_EQ(Lines().back()["reason"], "INTERNAL_ERROR");
}

TEST_F(CallLogTest, SaysWhyABatchFailedInTheModelsOwnWords) {
  call_log_.Record(
      BatchReport{.calls = 2, .images = 1, .expressions = 5, .status = absl::InternalError("tensor too wide")});
  ASSERT_EQ(Lines().size(), 1u);
  EXPECT_EQ(Lines()[0]["level"], "error");
  EXPECT_EQ(Lines()[0]["detail"], "tensor too wide");
  EXPECT_EQ(Lines()[0]["expressions"], 5);
}

TEST_F(CallLogTest, SaysNothingOfBatchesThatRanOrWereCancelled) {
  call_log_.Record(BatchReport{.calls = 1, .images = 1, .expressions = 1, .status = absl::OkStatus()});
  call_log_.Record(BatchReport{.calls = 1, .images = 1, .expressions = 1, .status = absl::CancelledError("all left")});
  EXPECT_EQ(out_.str(), "");
}

TEST_F(CallLogTest, LimitsWhatTheGrpcLibrarySays) {
  for (int i = 0; i < 2 * CallLog::kBurst; ++i) call_log_.Record("handshake failed");
  EXPECT_EQ(Lines().size(), static_cast<std::size_t>(CallLog::kBurst));
  EXPECT_EQ(Lines()[0]["detail"], "handshake failed");
}

TEST_F(DebugCallLogTest, WritesEveryCallWithItsStages) {
  FinishedCall call{.method = "Ground",
                    .request_id = "r1",
                    .image_width = 800,
                    .image_height = 600,
                    .batch_images = 2,
                    .batch_expressions = 7,
                    .expressions = 3};
  call.times.pool_queue = std::chrono::milliseconds(1);
  call.times.batch_queue = std::chrono::milliseconds(2);
  call.times.model = std::chrono::milliseconds(40);
  for (int i = 0; i < 3 * CallLog::kBurst; ++i) call_log_.Record(call);
  ASSERT_EQ(Lines().size(), static_cast<std::size_t>(3 * CallLog::kBurst));
  EXPECT_EQ(Lines()[0]["level"], "debug");
  EXPECT_EQ(Lines()[0]["queue_ms"], 3);
  EXPECT_EQ(Lines()[0]["model_ms"], 40);
  EXPECT_EQ(Lines()[0]["image_width_px"], 800);
  EXPECT_EQ(Lines()[0]["image_height_px"], 600);
  EXPECT_EQ(Lines()[0]["batch_images"], 2);
  EXPECT_EQ(Lines()[0]["batch_expressions"], 7);
  EXPECT_EQ(Lines()[0]["expressions"], 3);
}

TEST_F(CallLogTest, LeavesOutATraceparentThatIsNone) {
  FinishedCall call = Refused(absl::StatusCode::kInvalidArgument, "IMAGE_CORRUPT");
  call.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";
  call_log_.Record(call);
  EXPECT_FALSE(Lines().at(0).contains("trace_id"));
  EXPECT_FALSE(Lines().at(0).contains("traceparent"));
}

TEST_F(CallLogTest, StaysOneObjectALineWhateverItIsTold) {
  const std::string evil = "x\"}\n{\"level\":\"error\"}\r\xe2\x80\xa8\x1b[2J\xff";
  FinishedCall call = Refused(absl::StatusCode::kInternal, evil);
  call.request_id = call.traceparent = evil;
  call.status = absl::InternalError(evil);
  call_log_.Record(call);
  call_log_.Record(BatchReport{.calls = 1, .status = absl::InternalError(evil)});
  call_log_.Record(evil);
  ASSERT_EQ(Lines().size(), 3u);
  for (const nlohmann::json& line : Lines()) {
    EXPECT_THAT(std::string(line["detail"]), testing::StartsWith("x\"}\n{\"level\":\"error\"}\r"));
  }
}

TEST(TraceIdTest, IsReadFromATraceparentOnly) {
  EXPECT_EQ(TraceIdOf(kTraceparent), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(TraceIdOf(""), "");
  EXPECT_EQ(TraceIdOf("00-0af7651916cd43dd8448eb211c80319c"), "");
  EXPECT_EQ(TraceIdOf("00-0af7651916cd43dd8448eb211c80319X-b7ad6b7169203331-01"), "");
  EXPECT_EQ(TraceIdOf("00x0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), "");
}

TEST(TraceIdTest, KeepsToTheLetterOfTheRecommendation) {
  constexpr char kTrace[] = "0af7651916cd43dd8448eb211c80319c";
  for (const char* invalid : {
           "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",    // the version that is forbidden
           "0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",    // no hexadecimal version
           "00-00000000000000000000000000000000-b7ad6b7169203331-01",    // no trace
           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",    // no span
           "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",    // upper case
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333x-01",    // no hexadecimal span
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",    // no hexadecimal flags
           "00-0af7651916cd43dd8448eb211c80319c.b7ad6b7169203331-01",    // no dash
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331.01",    // no dash
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",  // more than version 00 has
           "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",   // more, but without a dash
       }) {
    EXPECT_EQ(TraceIdOf(invalid), "") << invalid;
  }
  EXPECT_EQ(TraceIdOf("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"), kTrace);
  EXPECT_EQ(TraceIdOf("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), kTrace) << "a later version";
  EXPECT_EQ(TraceIdOf("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes"), kTrace);
}

}  // namespace
}  // namespace lqvg::serving
