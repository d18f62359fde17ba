#include "client/cli/list_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace lqvg::cli {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

TEST(ListLine, OfRsvgHrKeepsTheBoxAndEveryCommaOfTheExpression) {
  const auto items = ParseListLine("a b.jpg,497.25,870.0,543.88,921.0,the pool, left of the road, north");
  ASSERT_TRUE(items.ok());
  ASSERT_THAT(*items, SizeIs(1));
  EXPECT_EQ((*items)[0].image, "a b.jpg");
  EXPECT_EQ((*items)[0].expression, "the pool, left of the road, north");
  ASSERT_TRUE((*items)[0].truth);
  EXPECT_EQ((*items)[0].truth->x_min(), 497.25);
  EXPECT_EQ((*items)[0].truth->y_min(), 870);
  EXPECT_EQ((*items)[0].truth->x_max(), 543.88);
  EXPECT_EQ((*items)[0].truth->y_max(), 921);
}

TEST(ListLine, OfTabsMayHoldSeveralExpressions) {
  const auto items = ParseListLine("a,b.jpg\ta ship, at the pier\ta crane");
  ASSERT_TRUE(items.ok());
  ASSERT_THAT(*items, SizeIs(2));
  EXPECT_EQ((*items)[0].image, "a,b.jpg");
  EXPECT_EQ((*items)[0].expression, "a ship, at the pier");
  EXPECT_EQ((*items)[1].expression, "a crane");
  EXPECT_FALSE((*items)[1].truth);
}

TEST(ListLine, OfJsonMayHoldSeveralExpressions) {
  const auto items = ParseListLine(R"({"image": "a.jpg", "expressions": ["a \"ship\"", "\u00e9tang"]})");
  ASSERT_TRUE(items.ok());
  ASSERT_THAT(*items, SizeIs(2));
  EXPECT_EQ((*items)[0].image, "a.jpg");
  EXPECT_EQ((*items)[0].expression, "a \"ship\"");
  EXPECT_EQ((*items)[1].expression, "\xC3\xA9tang");
}

TEST(ListLine, LeavesAnEmptyExpressionToTheServer) {
  EXPECT_EQ((*ParseListLine("a.jpg,1,2,3,4,"))[0].expression, "");
  EXPECT_EQ((*ParseListLine("a.jpg\t"))[0].expression, "");
}

TEST(ListLine, InNoKnownFormIsRefused) {
  for (const char* line : {"a.jpg", "a.jpg,1,2,3,4", "a.jpg,1,2,x,4,a ship", "a.jpg,1,2,nan,4,a ship", "\ta ship",
                           ",1,2,3,4,a ship", R"({"image": "a.jpg"})", R"({"image": "a.jpg", "expressions": ["a)",
                           R"({"picture": "a.jpg", "expressions": ["a"]})"}) {
    EXPECT_EQ(ParseListLine(line).status().code(), absl::StatusCode::kInvalidArgument) << line;
  }
}

TEST(ListLine, ThatIsNotUtf8IsRefused) {
  for (const char* bad : {"\xE9tang", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80"}) {
    EXPECT_EQ(ParseListLine(std::string("a.jpg\t") + bad).status().message(), "not UTF-8") << bad;
  }
  for (const char* good : {"\xC3\xA9tang", "\xE6\xB9\x96", "\xF0\x9F\x9B\xB3", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(ParseListLine(std::string("a.jpg\t") + good).ok()) << good;
  }
}

TEST(List, SkipsBlankLinesAndTakesCarriageReturnsAndAMissingLastNewline) {
  std::istringstream list("a.jpg\ta ship\r\n\n  \nb.jpg,1,2,3,4,a crane");
  const auto items = ReadList(list);
  ASSERT_TRUE(items.ok());
  ASSERT_THAT(*items, SizeIs(2));
  EXPECT_EQ((*items)[0].expression, "a ship");
  EXPECT_EQ((*items)[1].expression, "a crane");
}

TEST(List, NamesTheLineThatIsWrong) {
  std::istringstream list("a.jpg\ta ship\n\na ship\n");
  EXPECT_THAT(std::string(ReadList(list).status().message()), HasSubstr("line 3: neither picture,"));
}

}  // namespace
}  // namespace lqvg::cli
