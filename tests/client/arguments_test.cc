#include "client/cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lqvg::cli {
namespace {

using testing::ElementsAre;
using testing::FieldsAre;
using testing::HasSubstr;

const std::vector<Option> kOptions = {
    {.name = "--server", .value = "ADDR", .help = "where"},
    {.name = "--image", .value = "FILE", .help = "what", .short_name = "-i"},
    {.name = "--json", .value = "", .help = "how"},
};

std::string ErrorOf(const std::vector<std::string>& words) {
  return std::string(ParseArguments(words, kOptions).status().message());
}

TEST(Arguments, KeepOperandsAndOptionsInTheOrderTyped) {
  const auto parsed = ParseArguments({"a.png", "--server", "host:1", "-i", "b.png", "a ship", "--json"}, kOptions);
  ASSERT_TRUE(parsed.ok());
  EXPECT_THAT(parsed->in_order(),
              ElementsAre(FieldsAre("", "a.png"), FieldsAre("--server", "host:1"), FieldsAre("--image", "b.png"),
                          FieldsAre("", "a ship"), FieldsAre("--json", "")));
}

TEST(Arguments, TakeAValueAfterAnEqualsSignAndTheLastOneCounts) {
  const auto parsed = ParseArguments({"--server=a:1", "--server=b=2"}, kOptions);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->Value("--server", "other"), "b=2");
  EXPECT_EQ(parsed->Value("--image", "other"), "other");
  EXPECT_FALSE(parsed->Has("--json"));
}

TEST(Arguments, AreAllOperandsAfterTwoDashes) {
  const auto parsed = ParseArguments({"--", "--json", "-x"}, kOptions);
  ASSERT_TRUE(parsed.ok());
  EXPECT_THAT(parsed->in_order(), ElementsAre(FieldsAre("", "--json"), FieldsAre("", "-x")));
}

TEST(Arguments, TakeASingleDashAndAnEmptyWordAsOperands) {
  const auto parsed = ParseArguments({"-", ""}, kOptions);
  ASSERT_TRUE(parsed.ok());
  EXPECT_THAT(parsed->in_order(), ElementsAre(FieldsAre("", "-"), FieldsAre("", "")));
}

TEST(Arguments, TakeTheNextWordAsAValueWhateverItLooksLike) {
  const auto parsed = ParseArguments({"--server", "--json"}, kOptions);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->Value("--server"), "--json");
}

TEST(Arguments, NameWhatIsWrong) {
  EXPECT_EQ(ErrorOf({"--sever", "a"}), "there is no option --sever");
  EXPECT_EQ(ErrorOf({"-x"}), "there is no option -x");
  EXPECT_EQ(ErrorOf({"--server"}), "--server needs a value: ADDR");
  EXPECT_EQ(ErrorOf({"--json=yes"}), "--json takes no value");
}

TEST(Arguments, AreDescribedInAlignedLines) {
  EXPECT_EQ(DescribeOptions(kOptions),
            "      --server ADDR  where\n"
            "  -i, --image FILE   what\n"
            "      --json         how\n");
}

TEST(ParseTimeout, TakesTimesWithAUnit) {
  EXPECT_EQ(*ParseTimeout("--timeout", "10s"), absl::Seconds(10));
  EXPECT_EQ(*ParseTimeout("--timeout", "1.5s"), absl::Milliseconds(1500));
  EXPECT_EQ(*ParseTimeout("--timeout", "24h"), absl::Hours(24));
}

TEST(ParseTimeout, RefusesEverythingElse) {
  for (const char* text : {"", "10", "0s", "-1s", "inf", "25h", "soon"}) {
    EXPECT_THAT(std::string(ParseTimeout("--timeout", text).status().message()), HasSubstr("--timeout is '")) << text;
  }
}

TEST(ParseCount, TakesWholeNumbersOnly) {
  EXPECT_EQ(*ParseCount("--top", "0"), 0u);
  EXPECT_EQ(*ParseCount("--top", "4294967295"), 4294967295u);
  for (const char* text : {"", "-1", "1.5", "4294967296", "many"}) EXPECT_FALSE(ParseCount("--top", text).ok()) << text;
}

TEST(ParseCount, NamesTheRangeThatANumberIsOutsideOf) {
  EXPECT_EQ(*ParseCount("--top", "1", 1, 3), 1u);
  EXPECT_EQ(*ParseCount("--top", "3", 1, 3), 3u);
  EXPECT_EQ(ParseCount("--top", "0", 1, 3).status().message(), "--top is 0, not 1 to 3");
  EXPECT_EQ(ParseCount("--top", "4", 1, 3).status().message(), "--top is 4, not 1 to 3");
  EXPECT_EQ(ParseCount("--top", "x", 1, 3).status().message(), "--top is 'x', not a whole number");
}

TEST(ParseNumber, LeavesTheRangeToTheServer) {
  EXPECT_EQ(*ParseNumber("--min-score", "0.25"), 0.25f);
  EXPECT_EQ(*ParseNumber("--min-score", "-7"), -7.0f);
  EXPECT_FALSE(ParseNumber("--min-score", "half").ok());
}

}  // namespace
}  // namespace lqvg::cli
