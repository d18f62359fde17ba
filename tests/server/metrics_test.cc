#include "server/metrics.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lqvg/v1/grounding.pb.h"
#include "server/error_reasons.h"
#include "server/metrics_endpoint.h"

namespace lqvg::serving {
namespace {

using testing::HasSubstr;
using testing::Not;

// The samples of a text exposition: what stands before the value -> the value.
std::map<std::string, double> SamplesOf(const std::string& text) {
  std::map<std::string, double> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t space = line.rfind(' ');
    samples[line.substr(0, space)] = std::stod(line.substr(space + 1));
  }
  return samples;
}

class MetricsTest : public testing::Test {
 protected:
  double Sample(const std::string& name) const {
    const std::map<std::string, double> samples = SamplesOf(metrics_.Text());
    const auto found = samples.find(name);
    EXPECT_NE(found, samples.end()) << name << " is not in\n" << metrics_.Text();
    return found == samples.end() ? -1 : found->second;
  }

  LiveState state_;
  Metrics metrics_{"1.2.3", "abc", [this] { return state_; }};
};

TEST_F(MetricsTest, CountsCallsByMethodCodeAndReason) {
  metrics_.Record(FinishedCall{.method = "Ground"});
  metrics_.Record(FinishedCall{.method = "Ground"});
  metrics_.Record(FinishedCall{.method = "Ground", .code = absl::StatusCode::kUnavailable, .reason = "QUEUE_FULL"});
  metrics_.Record(FinishedCall{.method = "GetModel"});
  EXPECT_EQ(Sample(R"(lqvg_requests_total{code="OK",method="Ground",reason=""})"), 2);
  EXPECT_EQ(Sample(R"(lqvg_requests_total{code="UNAVAILABLE",method="Ground",reason="QUEUE_FULL"})"), 1);
  EXPECT_EQ(Sample(R"(lqvg_requests_total{code="OK",method="GetModel",reason=""})"), 1);
}

TEST_F(MetricsTest, AsksTheCachesAtEveryScrape) {
  EXPECT_EQ(Sample(R"(lqvg_cache_hits_total{cache="image"})"), 0) << "there before it counts";
  state_.caches.images = {.hits = 1, .misses = 2, .evictions = 3, .bytes = 4};
  state_.caches.texts = {.hits = 11, .misses = 12, .evictions = 13, .bytes = 14};
  state_.caches.responses = {.hits = 21, .misses = 22, .evictions = 23, .bytes = 24};
  EXPECT_EQ(Sample(R"(lqvg_cache_hits_total{cache="image"})"), 1);
  EXPECT_EQ(Sample(R"(lqvg_cache_misses_total{cache="image"})"), 2);
  EXPECT_EQ(Sample(R"(lqvg_cache_evictions_total{cache="text"})"), 13);
  EXPECT_EQ(Sample(R"(lqvg_cache_bytes{cache="text"})"), 14);
  EXPECT_EQ(Sample(R"(lqvg_cache_misses_total{cache="response"})"), 22);
  EXPECT_EQ(Sample(R"(lqvg_cache_bytes{cache="response"})"), 24);
}

TEST_F(MetricsTest, TellsWhatBatchesCost) {
  EXPECT_EQ(Sample(R"(lqvg_cost_seconds{images="1",expressions="1"})"), 0);
  state_.cost = {.fixed_seconds = 1, .image_seconds = 0.5, .expression_seconds = 0.25};
  EXPECT_EQ(Sample(R"(lqvg_cost_seconds{images="0",expressions="1"})"), 1.25);
  EXPECT_EQ(Sample(R"(lqvg_cost_seconds{images="1",expressions="8"})"), 3.5);
  EXPECT_EQ(Sample(R"(lqvg_cost_seconds{images="8",expressions="8"})"), 7);
}

TEST_F(MetricsTest, TellsHowLargeBatchesMayBe) {
  EXPECT_EQ(Sample("lqvg_batch_images_limit"), 0);
  state_.largest_batch = {.images = 4, .expressions = 16};
  EXPECT_EQ(Sample("lqvg_batch_images_limit"), 4);
  EXPECT_EQ(Sample("lqvg_batch_expressions_limit"), 16);
}

TEST_F(MetricsTest, KnowsEveryReasonOfTheContract) {
  const google::protobuf::EnumDescriptor& reasons = *v1::ErrorReason_descriptor();
  ASSERT_EQ(reasons.value_count(), static_cast<int>(std::size(kKnownReasons)) + 1) << "UNSPECIFIED is never sent";
  for (int i = 1; i < reasons.value_count(); ++i) {
    const std::string prefix = "ERROR_REASON_";
    const KnownReason& known = kKnownReasons[i - 1];
    EXPECT_EQ(prefix + std::string(known.name), reasons.value(i)->name());
    metrics_.Record(FinishedCall{.method = "Ground", .code = known.code, .reason = std::string(known.name)});
  }
  const std::map<std::string, double> samples = SamplesOf(metrics_.Text());
  for (const KnownReason& known : kKnownReasons) {
    EXPECT_EQ(samples.at(absl::StrCat(R"(lqvg_requests_total{code=")", absl::StatusCodeToString(known.code),
                                      R"(",method="Ground",reason=")", std::string(known.name), "\"}")),
              1);
  }
}

TEST_F(MetricsTest, HasNoSeriesForWhatItDoesNotKnow) {
  metrics_.Record(FinishedCall{.method = "Made", .code = absl::StatusCode::kInternal, .reason = "MADE_UP"});
  EXPECT_EQ(Sample(R"(lqvg_requests_total{code="INTERNAL",method="other",reason="OTHER"})"), 1);
  EXPECT_THAT(metrics_.Text(), Not(HasSubstr("MADE_UP")));
}

TEST_F(MetricsTest, ShowsZeroBeforeTheFirstCall) {
  const std::map<std::string, double> samples = SamplesOf(metrics_.Text());
  EXPECT_EQ(samples.at("lqvg_expired_executed_total"), 0);
  EXPECT_EQ(samples.at(R"(lqvg_device_errors_total{class="out_of_memory"})"), 0);
  EXPECT_EQ(samples.at(R"(lqvg_expression_errors_total{reason="INTERNAL_ERROR"})"), 0);
  for (const char* method : {"Ground", "ModelInfer", "GroundStream", "GetModel", "ModelMetadata", "ServerMetadata"}) {
    const std::string of_method = absl::StrCat(R"(",method=")", method, R"(",reason=)");
    EXPECT_EQ(samples.at(R"(lqvg_requests_total{code="OK)" + of_method + R"(""})"), 0);
    EXPECT_EQ(samples.at(R"(lqvg_requests_total{code="INTERNAL)" + of_method + R"("INTERNAL_ERROR"})"), 0);
  }
  for (const char* method : {"Ground", "ModelInfer"}) {
    EXPECT_EQ(samples.at(absl::StrCat(R"(lqvg_requests_total{code="UNAVAILABLE",method=")", method,
                                      R"(",reason="QUEUE_FULL"})")),
              0);
  }
}

TEST_F(MetricsTest, PutsTheStagesOfACallIntoHistograms) {
  FinishedCall call{.method = "Ground"};
  call.times.parse = std::chrono::microseconds(100);
  call.times.pool_queue = std::chrono::milliseconds(1);
  call.times.batch_queue = std::chrono::milliseconds(3);
  call.times.model = std::chrono::milliseconds(250);
  call.total = std::chrono::milliseconds(300);
  metrics_.Record(call);
  EXPECT_EQ(Sample(R"(lqvg_stage_duration_seconds_count{stage="parse"})"), 1);
  EXPECT_DOUBLE_EQ(Sample(R"(lqvg_stage_duration_seconds_sum{stage="queue"})"), 0.004);
  EXPECT_EQ(Sample(R"(lqvg_stage_duration_seconds_count{stage="decode"})"), 0) << "the call did not get there";
  EXPECT_EQ(Sample(R"(lqvg_request_duration_seconds_count{method="Ground"})"), 1);
  // A bound belongs to its own bucket.
  EXPECT_EQ(Sample(R"(lqvg_stage_duration_seconds_bucket{stage="model",le="0.1"})"), 0);
  EXPECT_EQ(Sample(R"(lqvg_stage_duration_seconds_bucket{stage="model",le="0.25"})"), 1);
}

TEST_F(MetricsTest, ShowsLateCallsAsNoSlack) {
  FinishedCall late{.method = "Ground", .code = absl::StatusCode::kDeadlineExceeded, .reason = "EXPIRED_IN_QUEUE"};
  late.slack = -std::chrono::seconds(2);
  metrics_.Record(late);
  FinishedCall in_time{.method = "ModelInfer"};
  in_time.slack = std::chrono::milliseconds(300);
  metrics_.Record(in_time);
  FinishedCall refused{.method = "Ground", .code = absl::StatusCode::kInvalidArgument, .reason = "IMAGE_CORRUPT"};
  refused.slack = std::chrono::seconds(60);
  metrics_.Record(refused);
  EXPECT_EQ(Sample(R"(lqvg_deadline_slack_seconds_bucket{le="0"})"), 1);
  EXPECT_EQ(Sample("lqvg_deadline_slack_seconds_count"), 2);
  EXPECT_DOUBLE_EQ(Sample("lqvg_deadline_slack_seconds_sum"), 0.3);
}

TEST_F(MetricsTest, CountsAnItemOfAStreamAsACallAndAWholeStreamWithoutItsLife) {
  FinishedCall item{.method = "GroundStream"};
  item.slack = std::chrono::milliseconds(300);
  metrics_.Record(item);
  FinishedCall stream{.method = "GroundStream", .whole_stream = true};
  stream.code = absl::StatusCode::kUnavailable;
  stream.reason = "STREAM_AGED";
  stream.total = std::chrono::minutes(9);
  metrics_.Record(stream);

  EXPECT_EQ(Sample(R"(lqvg_requests_total{code="OK",method="GroundStream",reason=""})"), 1);
  EXPECT_EQ(Sample(R"(lqvg_requests_total{code="UNAVAILABLE",method="GroundStream",reason="STREAM_AGED"})"), 1);
  EXPECT_EQ(Sample(R"(lqvg_request_duration_seconds_count{method="GroundStream"})"), 1);
  EXPECT_EQ(Sample("lqvg_deadline_slack_seconds_count"), 1);
}

TEST_F(MetricsTest, CountsExpressionsAndTheirErrors) {
  metrics_.Record(FinishedCall{.method = "Ground",
                               .image_width = 800,
                               .image_height = 800,
                               .expressions = 5,
                               .expression_errors = {"INTERNAL_ERROR", "INTERNAL_ERROR"}});
  EXPECT_EQ(Sample("lqvg_expressions_total"), 5);
  EXPECT_EQ(Sample(R"(lqvg_expression_errors_total{reason="INTERNAL_ERROR"})"), 2);
  EXPECT_EQ(Sample("lqvg_image_pixels_sum"), 640'000);
}

TEST_F(MetricsTest, DescribesBatches) {
  metrics_.Record(BatchReport{.calls = 3,
                              .images = 2,
                              .expressions = 7,
                              .image_seconds = 0.5,
                              .fusion_seconds = 0.25,
                              .status = absl::OkStatus()});
  EXPECT_EQ(Sample("lqvg_batch_images_sum"), 2);
  EXPECT_EQ(Sample("lqvg_batch_expressions_sum"), 7);
  EXPECT_EQ(Sample(R"(lqvg_model_stage_duration_seconds_sum{stage="image"})"), 0.5);
  EXPECT_EQ(Sample(R"(lqvg_model_stage_duration_seconds_count{stage="text"})"), 0);
}

TEST_F(MetricsTest, CountsDeviceErrorsAndCallsThatRanTooLate) {
  metrics_.Record(BatchReport{.expired_executed = 2, .status = absl::ResourceExhaustedError("out of memory")});
  metrics_.Record(BatchReport{.status = absl::UnavailableError("device lost")});
  metrics_.Record(BatchReport{.status = absl::InternalError("a bug is not the device's")});
  EXPECT_EQ(Sample("lqvg_expired_executed_total"), 2);
  EXPECT_EQ(Sample(R"(lqvg_device_errors_total{class="out_of_memory"})"), 1);
  EXPECT_EQ(Sample(R"(lqvg_device_errors_total{class="sticky"})"), 1);
  metrics_.RecordDeviceHang();
  EXPECT_EQ(Sample(R"(lqvg_device_errors_total{class="hang"})"), 1);
}

TEST_F(MetricsTest, ReadsOccupancyWhenItIsAsked) {
  state_.occupancy = {.in_flight = 5, .pending = 3, .bytes = 1'024, .received = 9};
  EXPECT_EQ(Sample("lqvg_inflight_requests"), 5);
  EXPECT_EQ(Sample("lqvg_pending_requests"), 3);
  EXPECT_EQ(Sample("lqvg_queue_bytes"), 1'024);
  EXPECT_EQ(Sample("lqvg_requests_received_total"), 9);
  state_.occupancy = {};
  EXPECT_EQ(Sample("lqvg_inflight_requests"), 0);
}

TEST_F(MetricsTest, SaysWhatRuns) {
  EXPECT_EQ(Sample(R"(lqvg_build_info{commit="abc",version="1.2.3"})"), 1);
  EXPECT_THAT(metrics_.Text(), Not(HasSubstr("lqvg_model_info"))) << "before there is a model";
  ModelInfo info;
  info.name = "demo";
  info.digest = "00ff";
  info.device = "cpu";
  info.precision = "fp32";
  metrics_.SetModel(info);
  EXPECT_EQ(Sample(R"(lqvg_model_info{device="cpu",digest="00ff",name="demo",precision="fp32"})"), 1);
}

TEST_F(MetricsTest, DescribesTheProcessByTheUsualNames) {
  EXPECT_GT(Sample("process_resident_memory_bytes"), 1'000'000);
  EXPECT_GE(Sample("lqvg_memory_limit_bytes"), Sample("process_resident_memory_bytes"));
  EXPECT_GT(Sample("process_open_fds"), 2);
  EXPECT_GT(Sample("process_max_fds"), 2);
  EXPECT_GT(Sample("process_start_time_seconds"), 1.6e9);
  EXPECT_GE(Sample("process_cpu_seconds_total"), 0);
  EXPECT_THAT(metrics_.Text(), HasSubstr("# TYPE process_cpu_seconds_total counter"));
}

TEST_F(MetricsTest, CountsEveryCallOfConcurrentThreads) {
  constexpr int kThreads = 4, kCalls = 1'000;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this] {
      for (int call = 0; call < kCalls; ++call) {
        metrics_.Record(
            FinishedCall{.method = "Ground", .code = absl::StatusCode::kCancelled, .reason = "CLIENT_CANCELLED"});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Sample(R"(lqvg_requests_total{code="CANCELLED",method="Ground",reason="CLIENT_CANCELLED"})"),
            kThreads * kCalls);
}

// What an HTTP server on a loopback port answers to a GET.
std::string Get(int port, const std::string& path) {
  const int socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
    EXPECT_EQ(write(socket_fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
    char buffer[4'096];
    for (ssize_t read_bytes; (read_bytes = read(socket_fd, buffer, sizeof(buffer))) > 0;) {
      answer.append(buffer, static_cast<std::size_t>(read_bytes));
    }
  }
  close(socket_fd);
  return answer;
}

TEST_F(MetricsTest, AreServedOnAPortOfTheirOwn) {
  const auto endpoint = MetricsEndpoint::Start("127.0.0.1:0", metrics_);
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  EXPECT_GT((*endpoint)->port(), 0);
  const std::string answer = Get((*endpoint)->port(), "/metrics");
  EXPECT_THAT(answer, HasSubstr("200 OK"));
  EXPECT_THAT(answer, HasSubstr("lqvg_inflight_requests 0"));
  EXPECT_THAT(answer, HasSubstr("lqvg_build_info"));
}

TEST_F(MetricsTest, ServeNothingElse) {
  const auto endpoint = MetricsEndpoint::Start("127.0.0.1:0", metrics_);
  ASSERT_TRUE(endpoint.ok());
  for (const char* path : {"/", "/etc/passwd", "/../../../../etc/passwd", "/metrics/../"}) {
    const std::string answer = Get((*endpoint)->port(), path);
    EXPECT_THAT(answer, Not(HasSubstr("200 OK"))) << path;
  }
}

TEST_F(MetricsTest, SayWhichPortIsTaken) {
  const auto endpoint = MetricsEndpoint::Start("127.0.0.1:0", metrics_);
  ASSERT_TRUE(endpoint.ok());
  const std::string address = "127.0.0.1:" + std::to_string((*endpoint)->port());
  const auto second = MetricsEndpoint::Start(address, metrics_);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(address));
}

}  // namespace
}  // namespace lqvg::serving
