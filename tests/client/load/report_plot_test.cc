#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <pugixml.hpp>
#include <string>
#include <vector>

#include "client/load/report.h"
#include "tests/client/load/report_steps.h"

namespace lqvg::load {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

// A sheet read back as a browser reads it.
class Picture {
 public:
  explicit Picture(const Report& report) {
    const std::string text = ToSvg(report);
    EXPECT_TRUE(document_.load_string(text.c_str())) << text;
  }

  std::vector<std::string> Labels() const {
    std::vector<std::string> labels;
    for (const auto& found : document_.select_nodes("//text")) labels.emplace_back(found.node().text().get());
    return labels;
  }

  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const auto& found : document_.select_nodes("//polyline")) {
      lines.emplace_back(found.node().attribute("points").value());
    }
    return lines;
  }

 private:
  pugi::xml_document document_;
};

TEST(ReportPlotTest, DrawsGoodputAndLatencyOverTheOfferedLoad) {
  // Out of order, and as the legend tells the last value: of the highest load.
  const Report report = ReportOf({TenSeconds(2000, absl::Milliseconds(300)), TenSeconds(1000, absl::Milliseconds(30))});
  const Picture picture(report);
  for (const char* label :
       {"Load on 127.0.0.1:50051 (lqvg)", "Goodput: 100 scenes of 256 x 256, 1 expression, timeout 1s", "calls/s", "ms",
        "offered load, calls/s", "offered 200", "good 180", "p50 1", "p99 300", "p99.9 300"}) {
    EXPECT_THAT(picture.Labels(), Contains(label));
  }
  // 960 wide: the plot is from 78 to 750; the first panel from 79 down to 329, its axis from 0 to 200.
  const auto lines = picture.Lines();
  ASSERT_THAT(lines, SizeIs(5));
  EXPECT_EQ(lines[0], "78.0,204.0 750.0,79.0");
  EXPECT_EQ(lines[1], "78.0,216.5 750.0,104.0");
}

TEST(ReportPlotTest, DrawsAClosedLoopOverTheConcurrencyWithoutAnOfferedLoad) {
  const Picture picture(ReportOf({ClosedLoop(1), ClosedLoop(16), TenSeconds(1000, absl::Milliseconds(30))}));
  EXPECT_THAT(picture.Labels(), Contains("concurrency, calls at a time"));
  EXPECT_THAT(picture.Labels(), Contains("good 90"));
  EXPECT_THAT(picture.Labels(), Not(Contains(HasSubstr("offered"))));
  ASSERT_THAT(picture.Lines(), SizeIs(4));
  EXPECT_EQ(std::ranges::count(picture.Lines()[0], ','), 2);  // the step of an open loop is none of its points
}

TEST(ReportPlotTest, DrawsStepsWithoutAnAnswerAsGaps) {
  Step silent = Silent();
  silent.offered = 150;
  const Picture picture(
      ReportOf({TenSeconds(1000, absl::Milliseconds(30)), silent, TenSeconds(2000, absl::Seconds(1))}));
  EXPECT_THAT(picture.Lines(), SizeIs(2));  // of the goodput; the latencies are single points
  EXPECT_THAT(Picture(ReportOf({})).Labels(), Contains("no values yet"));
}

TEST(ReportPlotTest, IsXmlWhateverBytesItIsGiven) {
  Report report = ReportOf({ClosedLoop(1)});
  report.target = "\xfe<&";
  report.workload = "a\x01</svg>";
  EXPECT_THAT(Picture(report).Labels(), Contains("Load on ?<& (lqvg)"));
}

}  // namespace
}  // namespace lqvg::load
