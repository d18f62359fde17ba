#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "client/load/report.h"
#include "tests/client/load/report_steps.h"

namespace lqvg::load {
namespace {

using ::testing::SizeIs;

TEST(ReportJsonTest, TellsProgramsOfAStepInJson) {
  Step step = TenSeconds(1000, absl::Milliseconds(30));
  Outcome odd{.latency = absl::Milliseconds(1), .service = absl::Microseconds(900), .expressions = 3, .crossed = true};
  step.tally.Count(odd);
  odd.given_up = true;
  step.tally.Count(odd);
  const auto json = nlohmann::json::parse(ToJson(ReportOf({step})));
  EXPECT_EQ(json["target"], "127.0.0.1:50051");
  EXPECT_EQ(json["protocol"], "lqvg");
  EXPECT_EQ(json["workload"], "100 scenes of 256 x 256, 1 expression, timeout 1s");
  ASSERT_THAT(json["steps"], SizeIs(1));
  const auto expected = nlohmann::json::parse(R"({
    "offered_per_second": 100.0, "concurrency": null, "duration_seconds": 10.0,
    "due": 1000, "messages": {"UNAVAILABLE QUEUE_FULL": "256 wait"},
    "sent": 1002, "ok": 901, "good": 900, "given_up": 1, "goodput_per_second": 90.0, "expressions_ok": 1803,
    "statuses": {"OK": 902, "UNAVAILABLE QUEUE_FULL": 100},
    "answers": {"known": 1800, "right": 900, "crossed": 1},
    "client": {"cpu_cores": 0.5, "cores": 2, "lag_seconds": {"p50": 2e-05, "p99": 2e-05, "max": 2e-05}},
    "service_seconds": {"min": 0.0009, "mean": 0.0009, "p50": 0.0009, "p90": 0.0009, "p95": 0.0009, "p99": 0.0009,
                        "p99_9": 0.0009, "max": 0.0009},
    "error_latency_seconds": {"min": 0.0009, "mean": 0.0009, "p50": 0.0009, "p90": 0.0009, "p95": 0.0009,
                              "p99": 0.0009, "p99_9": 0.0009, "max": 0.0009},
    "doubts": []})");
  auto got = json["steps"][0];
  got.erase("latency_seconds");
  EXPECT_EQ(got, expected) << nlohmann::json::diff(got, expected);
}

TEST(ReportJsonTest, TellsProgramsTheLatenciesInSecondsInJson) {
  // 1 to 1000 us, one call each.
  Step step;
  for (int us = 1; us <= 1000; ++us) step.tally.Count({.latency = absl::Microseconds(us)});
  const auto json = nlohmann::json::parse(ToJson(ReportOf({step})));
  EXPECT_EQ(json["steps"][0]["latency_seconds"], nlohmann::json::parse(R"({
    "min": 1e-06, "mean": 0.0005005, "p50": 0.0005, "p90": 0.0009, "p95": 0.00095, "p99": 0.00099, "p99_9": 0.000999,
    "max": 0.001})"));
}

TEST(ReportJsonTest, IsNullWhatWasNotMeasured) {
  const auto silent = nlohmann::json::parse(ToJson(ReportOf({Silent()})))["steps"][0];
  for (const char* name : {"min", "mean", "p50", "p99_9", "max"}) {
    EXPECT_TRUE(silent["latency_seconds"].at(name).is_null()) << name;
    EXPECT_FALSE(silent["error_latency_seconds"].at(name).is_null()) << name;
  }
  EXPECT_TRUE(silent["concurrency"].is_null());
  const auto closed = nlohmann::json::parse(ToJson(ReportOf({ClosedLoop(8)})))["steps"][0];
  EXPECT_TRUE(closed["offered_per_second"].is_null());
  EXPECT_EQ(closed["concurrency"], 8);
}

TEST(ReportJsonTest, IsJsonWhateverBytesItIsGiven) {
  Step step;
  step.tally.Count({.status = "INTERNAL", .reason = "\xff\""});
  Report report = ReportOf({step});
  report.target = "\xfe";
  const auto json = nlohmann::json::parse(ToJson(report));
  EXPECT_EQ(json["target"], "\xef\xbf\xbd");
  EXPECT_EQ(json["steps"][0]["statuses"]["INTERNAL \xef\xbf\xbd\""], 1);
}

TEST(ReportJsonTest, TellsDoubts) {
  const Step step = Doubtful();
  EXPECT_EQ(nlohmann::json::parse(ToJson(ReportOf({step})))["steps"][0]["doubts"], nlohmann::json(Doubts(step)));
}

}  // namespace
}  // namespace lqvg::load
