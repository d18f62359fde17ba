#include "client/eval/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lqvg::eval {
namespace {

using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

Figures Some() {
  Figures figures{
      .expressions = 10, .present = 8, .absent = 2, .answered = 7, .failed = {{"NO_SUCH_FILE", 2}, {"QUEUE_FULL", 1}}};
  figures.overall = {
      .expressions = 8, .above = {0.5, 0.375, 0.25, 0.125, 0}, .mean_iou = 0.4375, .cumulative_iou = 0.625};
  figures.over_answered = {.expressions = 5, .above = {0.8, 0.6, 0.4, 0.2, 0}, .mean_iou = 0.7, .cumulative_iou = 0.75};
  figures.by_kind["storage tank"] = {.expressions = 3, .above = {1, 1, 1, 1, 1}, .mean_iou = 1, .cumulative_iou = 1};
  figures.auroc = 0.9375;
  figures.reliability = MeasureReliability(std::vector<Judged>(7, {.score = 0.75F, .is_right = true}));
  return figures;
}

TEST(ReportJson, HasTheNamesThatProgramsReadItBy) {
  Json json = Json::parse(ToJson("RSVG-HR test.txt", Some()));
  EXPECT_EQ(json["data_set"], "RSVG-HR test.txt");
  EXPECT_EQ(json["expressions"], 10);
  EXPECT_EQ(json["present"], 8);
  EXPECT_EQ(json["absent"], 2);
  EXPECT_EQ(json["answered"], 7);
  EXPECT_EQ(json["failed"], (Json{{"NO_SUCH_FILE", 2}, {"QUEUE_FULL", 1}}));
  EXPECT_EQ(json["accuracy"], (Json{{"0.5", 0.5}, {"0.6", 0.375}, {"0.7", 0.25}, {"0.8", 0.125}, {"0.9", 0.0}}));
  EXPECT_EQ(json["mean_iou"], 0.4375);
  EXPECT_EQ(json["cumulative_iou"], 0.625);
  EXPECT_EQ(json["over_answered"]["expressions"], 5);
  EXPECT_EQ(json["over_answered"]["accuracy"]["0.5"], 0.8);
  EXPECT_EQ(json["over_answered"]["cumulative_iou"], 0.75);
  EXPECT_EQ(json["by_kind"]["storage tank"]["expressions"], 3);
  EXPECT_EQ(json["by_kind"]["storage tank"]["mean_iou"], 1.0);
  EXPECT_EQ(json["auroc"], 0.9375);
  EXPECT_EQ(json["reliability"]["answers"], 7);
  EXPECT_EQ(json.size(), 13u);
}

TEST(ReportJson, HasNullForWhatWasNotMeasured) {
  Json json = Json::parse(ToJson("", {.expressions = 1, .absent = 1, .answered = 1}));
  EXPECT_TRUE(json["accuracy"]["0.5"].is_null() && json["mean_iou"].is_null() && json["auroc"].is_null());
  EXPECT_EQ(json["failed"], Json::object());
  EXPECT_EQ(json["by_kind"], Json::object());
}

TEST(ReportJson, HasAnAurocOnlyWhereSomethingIsAbsent) {
  EXPECT_FALSE(Json::parse(ToJson("", {.expressions = 1, .present = 1})).contains("auroc"));
}

TEST(ReportText, IsATable) {
  const std::string text = ToText("RSVG-HR test.txt", Some());
  EXPECT_THAT(text, HasSubstr("RSVG-HR test.txt: 10 expressions, 2 of them satisfied by nothing\n\n"));
  EXPECT_THAT(
      text,
      HasSubstr("                       number    @0.5    @0.6    @0.7    @0.8    @0.9   mean IoU  cumulative IoU\n"
                "  all                       8  0.5000  0.3750  0.2500  0.1250  0.0000     0.4375          0.6250\n"
                "  answered                  5  0.8000  0.6000  0.4000  0.2000  0.0000     0.7000          0.7500\n"
                "  storage tank              3  1.0000  1.0000  1.0000  1.0000  1.0000     1.0000          1.0000\n"
                "  failed 3: 2 NO_SUCH_FILE, 1 QUEUE_FULL; they count as an IoU of 0 in all rows but \"answered\"\n"
                "  AUROC of the score, what is there against what is not: 0.9375\n"));
  EXPECT_THAT(text, HasSubstr(ReliabilityText(Some().reliability)));
  EXPECT_THAT(text, HasSubstr("authors' weights"));
}

TEST(ReportHead, HasTheFewFiguresThatAPageBeginsWith) {
  std::string head;
  for (const GalleryFigure& figure : HeadFigures(Some())) head += figure.name + "=" + figure.value + " ";
  EXPECT_EQ(head,
            "expressions=10 failed=3 acc@0.5=0.5000 acc@0.6=0.3750 acc@0.7=0.2500 acc@0.8=0.1250 acc@0.9=0.0000 "
            "mean IoU=0.4375 cumulative IoU=0.6250 AUROC=0.9375 ");
  EXPECT_EQ(HeadFigures({.expressions = 1, .absent = 1, .answered = 1}).size(), 1u);
}

TEST(ReportText, LeavesOutWhatThereIsNot) {
  const std::string text = ToText("x", {.expressions = 1, .present = 1, .answered = 1, .overall = {.expressions = 1}});
  EXPECT_THAT(text, HasSubstr("x: 1 expressions\n"));
  for (const char* left_out : {"satisfied by nothing", "answered", "failed", "AUROC"}) {
    EXPECT_THAT(text.substr(0, text.find("@0.5 is")), Not(HasSubstr(left_out)));
  }
}

TEST(ReportText, KeepsControlCharactersFromATerminal) {
  Figures figures = Some();
  figures.by_kind["\x1b[31mred"] = {};
  EXPECT_THAT(ToText("\x1b]x", figures), Not(HasSubstr("\x1b")));
  EXPECT_THAT(ToText("\x1b]x", figures), HasSubstr("\\x1b[31mred"));
}

}  // namespace
}  // namespace lqvg::eval
