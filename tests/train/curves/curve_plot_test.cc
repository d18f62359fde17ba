#include "train/curves/curve_plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <pugixml.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace lqvg::curves {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Lt;
using ::testing::Not;
using ::testing::SizeIs;

struct Place {
  double x = 0, y = 0;
};

// A sheet read back as a browser reads it.
class Picture {
 public:
  explicit Picture(const CurveSheet& sheet) : text_(DrawSvg(sheet)) {
    EXPECT_TRUE(document_.load_string(text_.c_str())) << text_;
  }

  std::vector<std::string> Labels() const {
    std::vector<std::string> labels;
    for (const auto& found : document_.select_nodes("//text")) labels.emplace_back(found.node().text().get());
    return labels;
  }

  std::vector<std::vector<Place>> Lines(const std::string& kind) const {
    std::vector<std::vector<Place>> lines;
    for (const auto& found : document_.select_nodes(("//polyline[@class='" + kind + "']").c_str())) {
      std::istringstream points(found.node().attribute("points").value());
      Place place;
      char comma = 0;
      lines.emplace_back();
      while (points >> place.x >> comma >> place.y) lines.back().push_back(place);
    }
    return lines;
  }

  std::size_t Dots() const { return document_.select_nodes("//svg/svg/rect").size(); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  pugi::xml_document document_;
};

CurveSheet OneCurve(std::vector<CurvePoint> points) {
  CurveSheet sheet{"a run", "step", {{}}};
  sheet.panels[0].title = "Loss";
  sheet.panels[0].y_label = "loss";
  sheet.panels[0].curves = {{"total", std::move(points)}};
  return sheet;
}

TEST(CurvePlotTest, NamesEverythingAndShowsEachCurvesLastValue) {
  const Picture picture(OneCurve({{0, 8}, {100, 2.5}}));
  for (const char* label : {"a run", "step", "Loss", "loss", "total 2.5", "100"}) {
    EXPECT_THAT(picture.Labels(), Contains(label));
  }
}

TEST(CurvePlotTest, PutsLargerValuesHigherAndLaterOnesFurtherRight) {
  const auto lines = Picture(OneCurve({{0, 0}, {50, 10}, {100, 5}})).Lines("curve");
  ASSERT_THAT(lines, SizeIs(1));
  ASSERT_THAT(lines[0], SizeIs(3));
  EXPECT_EQ(lines[0][1].x - lines[0][0].x, lines[0][2].x - lines[0][1].x);
  EXPECT_GT(lines[0][2].x, lines[0][1].x);
  EXPECT_DOUBLE_EQ(lines[0][0].y - lines[0][2].y, lines[0][2].y - lines[0][1].y);
  EXPECT_LT(lines[0][1].y, lines[0][0].y);
}

TEST(CurvePlotTest, OnALogarithmicAxisATenthIsAlwaysAsFarDown) {
  CurveSheet sheet = OneCurve({{0, 10}, {50, 1}, {75, 0}, {80, -1}, {90, 0.1}, {100, 0.1}});
  sheet.panels[0].is_logarithmic = true;
  const auto lines = Picture(sheet).Lines("curve");
  ASSERT_THAT(lines, SizeIs(2));  // what is not above 0 has no place
  EXPECT_NEAR(lines[0][1].y - lines[0][0].y, lines[1][0].y - lines[0][1].y, 0.11);
}

TEST(CurvePlotTest, APointThatIsNotFiniteInterruptsTheLine) {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  const Picture picture(OneCurve({{0, 1}, {1, 2}, {2, nan}, {3, 3}, {4, infinity}, {5, 1}, {6, 2}}));
  EXPECT_THAT(picture.Lines("curve"), SizeIs(2));
  EXPECT_EQ(picture.Dots(), 1u);  // the point between two gaps
  EXPECT_EQ(picture.text().find("nan"), std::string::npos);
  EXPECT_EQ(picture.text().find("inf"), std::string::npos);
}

TEST(CurvePlotTest, KeepsEveryPeakOfALineThatIsThinned) {
  std::vector<CurvePoint> points;
  for (int i = 0; i < 100'000; ++i) points.push_back({static_cast<double>(i), 1});
  points[50'001].y = 9;
  const auto lines = Picture(OneCurve(points)).Lines("curve");
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0].size(), Lt(3000u));
  const auto [top, bottom] = std::ranges::minmax_element(lines[0], {}, &Place::y);
  EXPECT_GT(bottom->y - top->y, 150);
}

TEST(CurvePlotTest, DrawsTheMeanOverANoisyLine) {
  std::vector<CurvePoint> points;
  for (int i = 0; i < 400; ++i) points.push_back({static_cast<double>(i), i % 2 == 0 ? 1.0 : 9.0});
  CurveSheet sheet = OneCurve(points);
  EXPECT_THAT(Picture(sheet).Lines("raw"), IsEmpty());
  sheet.panels[0].is_noisy = true;
  const Picture picture(sheet);
  ASSERT_THAT(picture.Lines("raw"), SizeIs(1));
  ASSERT_THAT(picture.Lines("curve"), SizeIs(1));
  const auto height = [](const std::vector<Place>& line, std::size_t from) {
    const auto [top, bottom] = std::minmax_element(line.begin() + static_cast<std::ptrdiff_t>(from),
                                                   line.end() - static_cast<std::ptrdiff_t>(from),
                                                   [](const Place& a, const Place& b) { return a.y < b.y; });
    return bottom->y - top->y;
  };
  EXPECT_LT(height(picture.Lines("curve")[0], 10), height(picture.Lines("raw")[0], 10) / 4);
}

TEST(CurvePlotTest, AllPanelsShareTheStepsOfTheLongest) {
  CurveSheet sheet = OneCurve({{0, 1}, {1000, 2}});
  sheet.panels.push_back(sheet.panels[0]);
  sheet.panels[1].curves = {{"accuracy", {{0, 1}, {500, 2}}}};
  const auto lines = Picture(sheet).Lines("curve");
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_NEAR(lines[1][1].x - lines[1][0].x, (lines[0][1].x - lines[0][0].x) / 2, 0.11);
}

TEST(CurvePlotTest, KeepsARangeThatIsAskedFor) {
  CurveSheet sheet = OneCurve({{0, 0.4}, {100, 0.5}});
  EXPECT_THAT(Picture(sheet).Labels(), Not(Contains("1.0")));
  sheet.panels[0].y_range = Range{0, 1};
  EXPECT_THAT(Picture(sheet).Labels(), Contains("1.0"));
}

TEST(CurvePlotTest, DrawsWhatIsNotACurveYet) {
  EXPECT_THAT(Picture(OneCurve({})).Labels(), Contains("no values yet"));
  EXPECT_EQ(Picture(OneCurve({{7, 3}})).Dots(), 1u);
  EXPECT_THAT(Picture(OneCurve({{0, 3}, {1, 3}})).Lines("curve"), SizeIs(1));  // a range without height
  EXPECT_THAT(Picture(OneCurve({{0, 0}, {1, 0}})).Lines("curve"), SizeIs(1));
  EXPECT_THAT(Picture(CurveSheet{}).Lines("curve"), IsEmpty());
}

TEST(CurvePlotTest, TextsMayHoldMarkup) {
  CurveSheet sheet = OneCurve({{0, 1}, {1, 2}});
  sheet.title = "</text><script>\"&";
  sheet.panels[0].curves[0].name = "a<b";
  EXPECT_THAT(Picture(sheet).Labels(), Contains("</text><script>\"&"));
  EXPECT_THAT(Picture(sheet).Labels(), Contains("a<b 2"));
}

TEST(CurvePlotTest, TakesACurveOutOfTheHistory) {
  const Curve curve = CurveOf({{10, 1, 1, {{"loss", 3}}}, {20, 2, 2, {{"acc", 1}}}, {30, 3, 3, {{"loss", 2}}}}, "loss");
  EXPECT_EQ(curve.name, "loss");
  ASSERT_THAT(curve.points, SizeIs(2));
  EXPECT_EQ(curve.points[1].x, 30);
  EXPECT_EQ(curve.points[1].y, 2);
}

}  // namespace
}  // namespace lqvg::curves
