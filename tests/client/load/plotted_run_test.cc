#include "client/load/plotted_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <pugixml.hpp>
#include <string>
#include <vector>

#include "tests/client/load/report_steps.h"

namespace lqvg::load {
namespace {

using ::testing::Contains;
using ::testing::Not;

TEST(PlottedRun, OfAWrittenReportIsThatOfTheReport) {
  Step silent = Silent();
  silent.offered = 150;
  const Report report =
      ReportOf({TenSeconds(2000, absl::Milliseconds(300)), silent, TenSeconds(1000, absl::Seconds(1))});
  const PlottedRun plotted = Plot(report, "ours");
  const auto read = ParsePlottedRun(ToJson(report), "ours");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->name, "ours");
  ASSERT_EQ(read->steps.size(), 3U);
  ASSERT_EQ(plotted.steps.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read->steps[i].load, plotted.steps[i].load);
    EXPECT_DOUBLE_EQ(read->steps[i].good, plotted.steps[i].good);
    if (i == 1) continue;  // nothing was answered
    EXPECT_NEAR(read->steps[i].p50, plotted.steps[i].p50, 1e-9);
    EXPECT_NEAR(read->steps[i].p99, plotted.steps[i].p99, 1e-9);
    EXPECT_NEAR(read->steps[i].p99_9, plotted.steps[i].p99_9, 1e-9);
  }
  EXPECT_TRUE(std::isnan(read->steps[1].p50) && std::isnan(plotted.steps[1].p50));
  EXPECT_NEAR(read->steps[0].p99, 1000, 1e-9);  // ms
}

TEST(PlottedRun, OfAClosedLoopIsOverTheConcurrency) {
  const auto read = ParsePlottedRun(ToJson(ReportOf({ClosedLoop(16), ClosedLoop(1)})), "");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_FALSE(read->is_open);
  EXPECT_EQ(read->steps[0].load, 1);
  EXPECT_EQ(read->steps[1].load, 16);
}

TEST(PlottedRun, OfSomethingElseIsRefused) {
  for (const char* text :
       {"", "[]", "{}", R"({"steps": 3})", R"({"steps": [{}]})",
        R"({"steps": [{"offered_per_second": 1, "latency_seconds": {}}]})",
        R"({"steps": [{"offered_per_second": 1, "goodput_per_second": 1}]})",
        R"({"steps": [{"offered_per_second": 1, "goodput_per_second": 1, "latency_seconds": {}}]})"}) {
    EXPECT_EQ(ParsePlottedRun(text, "").status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

std::vector<std::string> LabelsOf(const std::string& svg) {
  pugi::xml_document document;
  EXPECT_TRUE(document.load_string(svg.c_str())) << svg;
  std::vector<std::string> labels;
  for (const auto& found : document.select_nodes("//text")) labels.emplace_back(found.node().text().get());
  return labels;
}

TEST(DrawRuns, TellsTheRunsApart) {
  const std::vector<std::string> labels =
      LabelsOf(DrawRuns("Two", "the same", {Plot(TwoSteps(), "ours"), Plot(TwoSteps(), "theirs")}));
  for (const char* label : {"ours good 180", "theirs good 180", "ours p50 1", "theirs p99 300"}) {
    EXPECT_THAT(labels, Contains(label));
  }
  EXPECT_THAT(labels, Not(Contains("offered 200")));
}

TEST(DrawRuns, LeavesOutALoopOfAnotherKind) {
  const std::vector<std::string> labels = LabelsOf(DrawRuns(
      "Two", "not the same", {Plot(TwoSteps(), "open"), Plot(ReportOf({ClosedLoop(1), ClosedLoop(16)}), "closed")}));
  EXPECT_THAT(labels, Contains("open good 180"));
  EXPECT_THAT(labels, Not(Contains("closed good 90")));
}

}  // namespace
}  // namespace lqvg::load
