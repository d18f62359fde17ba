#include "client/eval/reliability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <string>
#include <vector>

namespace lqvg::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::int64_t> Counts(const std::vector<Judged>& answers) {
  std::vector<std::int64_t> counts;
  for (const ReliabilityBin& bin : MeasureReliability(answers).bins) counts.push_back(bin.count);
  return counts;
}

// Two bins: 0.3 on average and one of two right; 0.9 and three of four right.
std::vector<Judged> SixAnswers() {
  return {{0.25F, true}, {0.3F, false}, {0.875F, true}, {0.875F, true}, {0.9375F, true}, {0.9375F, false}};
}

TEST(MeasureReliability, FollowsTheFormula) {
  const Reliability all = MeasureReliability(SixAnswers());
  EXPECT_EQ(all.count, 6);
  EXPECT_NEAR(all.mean_score, (0.55 + 3.625) / 6, 1e-7);
  EXPECT_NEAR(all.right, 4.0 / 6, 1e-12);
  ASSERT_EQ(all.bins.size(), 10U);
  EXPECT_EQ(all.bins[2].count, 2);
  EXPECT_NEAR(all.bins[2].mean_score, 0.275, 1e-7);
  EXPECT_EQ(all.bins[2].right, 0.5);
  EXPECT_EQ(all.bins[8].count, 2);
  EXPECT_EQ(all.bins[9].count, 2);
  EXPECT_EQ(all.bins[9].mean_score, 0.9375);
  // 2/6 |0.5 - 0.275| + 2/6 |1 - 0.875| + 2/6 |0.5 - 0.9375|
  EXPECT_NEAR(all.expected_calibration_error, (0.225 + 0.125 + 0.4375) / 3, 1e-7);
}

TEST(MeasureReliability, PutsAnEdgeIntoTheBinBelow) {
  EXPECT_THAT(Counts({{0, false}, {0.1F, false}, {0.2F, false}, {0.3F, false}, {0.7F, false}, {1, false}}),
              ElementsAre(2, 1, 1, 0, 0, 0, 1, 0, 0, 1));
  EXPECT_THAT(Counts({{0.101F, false}, {0.999F, false}}), ElementsAre(0, 1, 0, 0, 0, 0, 0, 0, 0, 1));
}

TEST(MeasureReliability, TakesScoresThatAreNone) {
  const float infinite = std::numeric_limits<float>::infinity();
  const std::vector<Judged> odd = {{-1, false}, {std::numeric_limits<float>::quiet_NaN(), false}, {infinite, true}};
  EXPECT_THAT(Counts(odd), ElementsAre(2, 0, 0, 0, 0, 0, 0, 0, 0, 1));
  EXPECT_EQ(MeasureReliability(odd).expected_calibration_error, 0);
}

TEST(ReliabilityText, IsATable) {
  const std::string text = ReliabilityText(MeasureReliability(SixAnswers()));
  EXPECT_THAT(text, HasSubstr("score          answers  mean score     right\n"));
  EXPECT_THAT(text, HasSubstr("0.1 to 0.2           0           -         -\n"));
  EXPECT_THAT(text, HasSubstr("0.2 to 0.3           2       0.275     0.500\n"));
  EXPECT_THAT(text, HasSubstr("all                  6       0.696     0.667\n"));
  EXPECT_THAT(text, HasSubstr("expected calibration error 0.262\n"));
  EXPECT_THAT(ReliabilityText(MeasureReliability({})), HasSubstr("expected calibration error -\n"));
}

TEST(ReliabilityJson, HasTheFiguresAndTheBins) {
  const nlohmann::ordered_json json = ReliabilityJson(MeasureReliability(SixAnswers()));
  EXPECT_EQ(json["answers"], 6);
  EXPECT_NEAR(json["expected_calibration_error"].get<double>(), 0.2625, 1e-7);
  EXPECT_NEAR(json["right"].get<double>(), 4.0 / 6, 1e-12);
  ASSERT_EQ(json["bins"].size(), 10U);
  EXPECT_EQ(json["bins"][2].dump().substr(0, 35), R"({"low":0.2,"high":0.3,"answers":2,")");
  EXPECT_EQ(json["bins"][2]["right"], 0.5);
  EXPECT_TRUE(json["bins"][0]["mean_score"].is_null());
}

TEST(ReliabilityJson, HasNullsWhereThereAreNoAnswers) {
  const nlohmann::ordered_json json = ReliabilityJson(MeasureReliability({}));
  EXPECT_EQ(json["answers"], 0);
  EXPECT_TRUE(json["expected_calibration_error"].is_null());
  EXPECT_TRUE(json["mean_score"].is_null());
}

std::vector<std::string> Rectangles(const std::vector<Judged>& answers, const char* name) {
  pugi::xml_document document;
  EXPECT_TRUE(document.load_string(ReliabilitySvg(MeasureReliability(answers)).c_str()));
  std::vector<std::string> found;
  for (const auto& each : document.select_nodes((std::string("/svg/rect[@class='") + name + "']").c_str())) {
    const pugi::xml_node node = each.node();
    found.push_back(std::string(node.attribute("x").value()) + " " + node.attribute("y").value() + " " +
                    node.attribute("height").value());
  }
  return found;
}

TEST(ReliabilitySvg, DrawsWhatIsRightTheGapAndTheCountOfEachBin) {
  // The diagram is from 62 to 412 and from 44 (1) down to 394 (0); counts stand on 464, at most 56 high. The first of
  // each is the legend's.
  EXPECT_THAT(Rectangles(SixAnswers(), "right"),
              ElementsAre("62.0 15.0 12.0", "133.5 219.0 175.0", "343.5 44.0 350.0", "378.5 219.0 175.0"));
  EXPECT_THAT(Rectangles(SixAnswers(), "gap"),
              ElementsAre("130.0 15.0 12.0", "133.5 219.0 78.7", "343.5 44.0 43.8", "378.5 65.9 153.1"));
  EXPECT_THAT(Rectangles({{0.05F, true}, {0.95F, true}, {0.95F, true}}, "count"),
              ElementsAre("63.5 436.0 28.0", "378.5 408.0 56.0"));
}

TEST(ReliabilitySvg, OfNoAnswersSaysSo) {
  EXPECT_THAT(ReliabilitySvg(MeasureReliability({})), HasSubstr("without answers"));
}

}  // namespace
}  // namespace lqvg::eval
