#include "client/cli/results_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace lqvg::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr char kAnswered[] = R"({"image":"a.jpg","expression":"a ship","boxes":[],"request_id":""})";
constexpr char kRefused[] = R"({"image":"b.jpg","expression":"","error":{"code":"INVALID_ARGUMENT"}})";
constexpr char kUnavailable[] = R"({"image":"c.jpg","expression":"a crane","error":{"code":"UNAVAILABLE"}})";

std::string Lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

ResultLine MakeLine(const std::string& image, const std::string& expression) {
  ResultLine line;
  line.set_image(image);
  line.set_expression(expression);
  return line;
}

TEST(Results, HoldWhatWasAnsweredOrRefusedAsOftenAsItIsThere) {
  const auto held = ParseResults(Lines({kAnswered, kRefused, kAnswered}));
  ASSERT_TRUE(held.ok());
  EXPECT_THAT(held->counts, ElementsAre(Pair(Pair("a.jpg", "a ship"), 2), Pair(Pair("b.jpg", ""), 1)));
  EXPECT_EQ(held->lines, Lines({kAnswered, kRefused, kAnswered}));
}

TEST(Results, DoNotHoldWhatFailedForAPassingReason) {
  const auto held = ParseResults(Lines({kUnavailable, kAnswered}));
  ASSERT_TRUE(held.ok());
  EXPECT_EQ(held->lines, Lines({kAnswered}));
  EXPECT_THAT(held->counts, ElementsAre(Pair(Pair("a.jpg", "a ship"), 1)));
}

TEST(Results, LoseATornLastLineWhereverItIsTorn) {
  const std::string last(kRefused);
  for (std::size_t kept = 0; kept < last.size(); ++kept) {
    const auto held = ParseResults(Lines({kAnswered}) + last.substr(0, kept));
    ASSERT_TRUE(held.ok()) << kept;
    EXPECT_EQ(held->lines, Lines({kAnswered})) << kept;
  }
}

TEST(Results, KeepALastLineThatOnlyLacksItsNewline) {
  EXPECT_EQ(ParseResults(std::string(kAnswered))->lines, Lines({kAnswered}));
}

TEST(Results, AreRefusedWhenALineBeforeTheLastIsNotAResult) {
  for (const char* line : {"", "{", "3", "{}"}) {
    EXPECT_EQ(ParseResults(Lines({kAnswered, line, kAnswered})).status().message(),
              "line 2 is not a result of lqvg ground --list")
        << line;
  }
}

TEST(Results, AreReadWithWhatFailedAndWithoutATornLine) {
  const TemporaryFolder folder;
  const auto results = ReadResults(folder.Write("out.jsonl", Lines({kUnavailable, kAnswered}) + R"({"image":"d.j)"));
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_EQ(results->size(), 2u);
  EXPECT_EQ((*results)[0].error().code(), "UNAVAILABLE");
  EXPECT_EQ((*results)[1].image(), "a.jpg");
}

TEST(Results, OfNoFileAreNone) {
  const TemporaryFolder folder;
  const auto results = ReadResults(folder.Path("none"));
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_TRUE(results->empty());
  EXPECT_THAT(std::string(ReadResults(folder.Write("other", "a\nb\n")).status().message()), HasSubstr("other: line 1"));
}

TEST(ResultsFile, HoldsOneLineOfJsonPerResultAsSoonAsItIsAppended) {
  const TemporaryFolder folder;
  const auto file = ResultsFile::Open(folder.Path("out.jsonl"), false);
  ASSERT_TRUE(file.ok());
  ResultLine line = MakeLine("a.jpg", "a \"ship\"\n\xC3\xA9");
  line.mutable_truth()->set_x_max(543.88);
  v1::Box* box = line.add_boxes();
  box->set_x_max(0.1f);
  line.set_score(0.0f);
  ASSERT_TRUE((*file)->Append(line).ok());
  EXPECT_EQ(folder.Read("out.jsonl"),
            R"({"image":"a.jpg","expression":"a \"ship\"\né","truth":{"x_min":0,"y_min":0,"x_max":543.88,"y_max":0},)"
            R"("boxes":[{"x_min":0,"y_min":0,"x_max":0.1,"y_max":0,"score":0}],"request_id":"","score":0})"
            "\n");
}

TEST(ResultsFile, IsNotOverwrittenWithoutResume) {
  const TemporaryFolder folder;
  const std::string path = folder.Write("out.jsonl", Lines({kAnswered}));
  EXPECT_THAT(std::string(ResultsFile::Open(path, false).status().message()), HasSubstr("continue it with --resume"));
  EXPECT_EQ(folder.Read("out.jsonl"), Lines({kAnswered}));
}

TEST(ResultsFile, ContinuesAfterWhatCountsOfAnEarlierRun) {
  const TemporaryFolder folder;
  const std::string path = folder.Write("out.jsonl", Lines({kUnavailable, kAnswered}) + R"({"image":"d.j)");
  const auto file = ResultsFile::Open(path, true);
  ASSERT_TRUE(file.ok());
  EXPECT_THAT((*file)->held(), ElementsAre(Pair(Pair("a.jpg", "a ship"), 1)));
  ASSERT_TRUE((*file)->Append(MakeLine("d.jpg", "a pier")).ok());
  EXPECT_EQ(folder.Read("out.jsonl"),
            Lines({kAnswered, R"({"image":"d.jpg","expression":"a pier","boxes":[],"request_id":""})"}));
}

TEST(ResultsFile, ResumesFromNothing) {
  const TemporaryFolder folder;
  const auto file = ResultsFile::Open(folder.Path("out.jsonl"), true);
  ASSERT_TRUE(file.ok());
  EXPECT_THAT((*file)->held(), IsEmpty());
}

TEST(ResultsFile, SaysWhatCannotBeWritten) {
  const TemporaryFolder folder;
  const std::string path = folder.Path("missing/out.jsonl");
  EXPECT_EQ(ResultsFile::Open(path, false).status().message(), "cannot write " + path);
}

TEST(ResultsFile, SaysThatTheDiskIsFull) {
  const auto file = ResultsFile::Open("/dev/full", false);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->Append(MakeLine("a.jpg", "a ship")).message(), "cannot write /dev/full");
}

}  // namespace
}  // namespace lqvg::cli
