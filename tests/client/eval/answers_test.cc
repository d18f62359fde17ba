#include "client/eval/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "client/cli/list_call.h"
#include "client/eval/data_set.h"

namespace lqvg::eval {
namespace {

using cli::ListItem;
using cli::ResultLine;
using testing::HasSubstr;

ListItem Item(const std::string& expression, float x_max = 10) {
  return {"a.png", expression, TruthOf({0, 0, x_max, 10}), "ship"};
}

ListItem AbsentItem(const std::string& expression) { return {"a.png", expression, {}, "unicorn", true}; }

ResultLine Answer(const ListItem& item, float x_max) {
  ResultLine line = cli::MakeLine(item);
  line.set_request_id("r1");
  line.set_image_width(640);
  line.set_score(0.75F);
  for (const float reach : {x_max, 2 * x_max}) {
    v1::Box* box = line.add_boxes();
    box->set_x_max(reach);
    box->set_score(0.75F);
  }
  return line;
}

ResultLine Failure(const ListItem& item, const std::string& code, const std::string& reason) {
  ResultLine line = cli::MakeLine(item);
  line.mutable_error()->set_code(code);
  line.mutable_error()->set_reason(reason);
  line.mutable_error()->set_message("because");
  return line;
}

std::string Judgement(const std::vector<ResultLine>& results, const std::vector<ListItem>& items) {
  const absl::Status status = JudgeResults(results, items);
  return status.ok() ? "" : std::string(status.message());
}

TEST(Answers, AreTheBestBoxesInTheDataSetsOrder) {
  const std::vector<ListItem> items = {Item("red", 0.1F), AbsentItem("blue")};
  const auto answers = MakeAnswers(items, {Answer(items[1], 7), Answer(items[0], -5)});
  ASSERT_TRUE(answers.ok()) << answers.status();
  ASSERT_EQ(answers->size(), 2u);
  const Answered &red = (*answers)[0], &blue = (*answers)[1];
  EXPECT_EQ(red.image, "a.png");
  EXPECT_EQ(red.expression, "red");
  EXPECT_EQ(red.kind, "ship");
  EXPECT_EQ(red.truth, (datasets::PixelBox{0, 0, 0.1F, 10}));
  EXPECT_EQ(red.box, (datasets::PixelBox{0, 0, -5, 0}));
  EXPECT_EQ(red.score, 0.75F);
  EXPECT_EQ(red.failure, "");
  EXPECT_EQ(blue.expression, "blue");
  EXPECT_FALSE(blue.truth);
  EXPECT_EQ(blue.box->x_max, 7);
}

TEST(Answers, ThatFailedSayWhy) {
  const std::vector<ListItem> items = {Item("1"), Item("2"), Item("3")};
  ResultLine without_box = Answer(items[2], 1);
  without_box.clear_boxes();
  const auto answers = MakeAnswers(
      items, {Failure(items[0], "NOT_FOUND", "NO_SUCH_FILE"), Failure(items[1], "UNKNOWN", ""), without_box});
  ASSERT_TRUE(answers.ok()) << answers.status();
  EXPECT_EQ((*answers)[0].failure, "NO_SUCH_FILE: because");
  EXPECT_EQ((*answers)[1].failure, "UNKNOWN: because");
  EXPECT_EQ((*answers)[2].failure, "NO_BOX: the server answered without a box");
  for (const Answered& answered : *answers) EXPECT_FALSE(answered.box);
}

// The same words may be annotated twice, with different boxes; an interrupted run may hold either.
TEST(Answers, ToTheSameWordsServeEachOfTheirBoxes) {
  const std::vector<ListItem> items = {Item("red", 10), Item("red", 20)};
  const auto answers = MakeAnswers(items, {Answer(items[1], 7), Answer(items[1], 7)});
  ASSERT_TRUE(answers.ok()) << answers.status();
  EXPECT_EQ((*answers)[0].truth->x_max, 10);
  EXPECT_EQ((*answers)[1].truth->x_max, 20);
}

TEST(Answers, MustBeThereForEveryExpression) {
  const auto answers = MakeAnswers({Item("red"), Item("red")}, {Answer(Item("red"), 1)});
  EXPECT_EQ(answers.status().message(), "no result about a.png, \"red\"");
}

TEST(Results, OfTheDataSetAreJudgedGoodWhateverTheirOutcome) {
  const std::vector<ListItem> items = {Item("red", 0.1F), AbsentItem("blue"), Item("green")};
  EXPECT_EQ(Judgement({Failure(items[1], "NOT_FOUND", "X"), Answer(items[0], 3)}, items), "");
}

TEST(Results, OfAnotherDataSetAreNamed) {
  const std::vector<ListItem> items = {Item("red"), AbsentItem("blue")};
  const ListItem of_another_kind = {"a.png", "red", TruthOf({0, 0, 10, 10}), "pier"};
  EXPECT_THAT(Judgement({Answer(items[0], 1), Answer(Item("green"), 1)}, items),
              HasSubstr("line 2, about a.png, \"green\", is not of this data set"));
  EXPECT_THAT(Judgement({Answer(Item("red", 11), 1)}, items), HasSubstr("line 1"));
  EXPECT_THAT(Judgement({Answer(of_another_kind, 1)}, items), HasSubstr("line 1"));
  EXPECT_THAT(Judgement({Answer(Item("blue"), 1)}, items), HasSubstr("line 1"));
  EXPECT_THAT(Judgement({Answer(items[0], 1), Answer(items[0], 1)}, items), HasSubstr("line 2"));
}

}  // namespace
}  // namespace lqvg::eval
