#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "client/load/report.h"
#include "tests/client/load/report_steps.h"

namespace lqvg::load {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

// Records as RFC 4180 has them.
std::vector<std::vector<std::string>> ReadCsv(const std::string& text) {
  std::vector<std::vector<std::string>> records = {{""}};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string& field = records.back().back();
    if (quoted) {
      if (text[i] != '"') {
        field += text[i];
      } else if (text.substr(i, 2) == "\"\"") {
        field += text[++i];
      } else {
        quoted = false;
      }
    } else if (text[i] == '"') {
      quoted = true;
    } else if (text[i] == ',') {
      records.back().emplace_back();
    } else if (text.substr(i, 2) == "\r\n") {
      records.push_back({""});
      ++i;
    } else {
      field += text[i];
    }
  }
  EXPECT_THAT(records.back(), ElementsAre(""));  // the last line is ended too
  records.pop_back();
  return records;
}

std::map<std::string, std::string> CsvLine(const Report& report, std::size_t line) {
  const auto records = ReadCsv(ToCsv(report));
  EXPECT_EQ(records.at(line).size(), records[0].size());
  std::map<std::string, std::string> fields;
  for (std::size_t i = 0; i < records[0].size(); ++i) fields[records[0][i]] = records[line].at(i);
  return fields;
}

TEST(ReportCsvTest, TellsProgramsOfEachStepInCsv) {
  auto fields = CsvLine(TwoSteps(), 2);
  const std::map<std::string, std::string> expected = {
      {"target", "127.0.0.1:50051"},
      {"protocol", "lqvg"},
      {"workload", "100 scenes of 256 x 256, 1 expression, timeout 1s"},
      {"offered_per_second", "200"},
      {"concurrency", ""},
      {"duration_seconds", "10"},
      {"sent", "2000"},
      {"ok", "1800"},
      {"good", "1800"},
      {"given_up", "0"},
      {"goodput_per_second", "180"},
      {"latency_p50_seconds", "0.001"},
      {"latency_p90_seconds", "0.001"},
      {"latency_p95_seconds", "0.001"},
      {"latency_p99_seconds", "0.3"},
      {"latency_p99_9_seconds", "0.3"},
      {"latency_max_seconds", "0.3"},
      {"answers_known", "3600"},
      {"answers_right", "1800"},
      {"crossed", "0"},
      {"client_cpu_cores", "0.5"},
      {"client_cores", "2"},
      {"lag_p99_seconds", "2e-05"},
      {"doubts", ""},
  };
  EXPECT_EQ(fields, expected);
  EXPECT_EQ(CsvLine(TwoSteps(), 1)["offered_per_second"], "100");
  EXPECT_THAT(ReadCsv(ToCsv(ReportOf({}))), SizeIs(1));
}

TEST(ReportCsvTest, QuotesInCsvWhatWouldBreakALine) {
  Report report = ReportOf({ClosedLoop(1)});
  report.target = "a \"b\", c";
  report.protocol = "x\r\ny";
  auto fields = CsvLine(report, 1);
  EXPECT_EQ(fields["target"], report.target);
  EXPECT_EQ(fields["protocol"], report.protocol);
}

TEST(ReportCsvTest, IsEmptyWhatWasNotMeasured) {
  auto silent = CsvLine(ReportOf({Silent()}), 1);
  EXPECT_EQ(silent["latency_p50_seconds"], "");
  EXPECT_EQ(silent["latency_max_seconds"], "");
  EXPECT_EQ(silent["concurrency"], "");
  auto closed = CsvLine(ReportOf({ClosedLoop(8)}), 1);
  EXPECT_EQ(closed["offered_per_second"], "");
  EXPECT_EQ(closed["concurrency"], "8");
  Step unknown;
  unknown.client_cpu = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(CsvLine(ReportOf({unknown}), 1)["client_cpu_cores"], "");
}

TEST(ReportCsvTest, TellsDoubtsInOneField) {
  const Step step = Doubtful();
  EXPECT_EQ(CsvLine(ReportOf({step}), 1)["doubts"], Doubts(step).at(0) + " " + Doubts(step).at(1));
}

}  // namespace
}  // namespace lqvg::load
