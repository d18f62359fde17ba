#include "server/log_line.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lqvg::serving {
namespace {

std::string Text(std::string_view message, const std::vector<LogField>& fields) { return RenderText(message, fields); }

nlohmann::json Json(std::string_view message, const std::vector<LogField>& fields) {
  return nlohmann::json::parse("{" + RenderJsonMembers(message, fields) + "}");
}

TEST(LogLineTest, WritesFieldsBehindTheMessage) {
  EXPECT_EQ(Text("call", {{"code", "OK"}, {"expressions", std::int64_t{3}}, {"total_ms", 12.5}}),
            "call code=OK expressions=3 total_ms=12.5");
}

TEST(LogLineTest, QuotesValuesThatAreNotOneWord) {
  EXPECT_EQ(Text("m", {{"a", "two words"}}), "m a=\"two words\"");
  EXPECT_EQ(Text("m", {{"a", ""}}), "m a=\"\"");
  EXPECT_EQ(Text("m", {{"a", "say \"x\""}}), "m a=\"say \\\"x\\\"\"");
}

TEST(LogLineTest, NeverBecomesTwoLines) {
  const std::string evil = "x\n2026-01-01T00:00:00.000Z error forged\r\x1b[31m";
  const std::string text = Text(evil, {{"a", evil}});
  EXPECT_EQ(text.find_first_of("\n\r\x1b"), std::string::npos) << text;
  const std::string json = RenderJsonMembers(evil, std::vector<LogField>{{"a", evil}});
  EXPECT_EQ(json.find_first_of("\n\r\x1b"), std::string::npos) << json;
  EXPECT_EQ(Json(evil, {{"a", evil}})["a"], evil);
}

TEST(LogLineTest, WritesJsonThatAParserReadsBack) {
  const nlohmann::json line = Json("a \"message\"", {{"path", "C:\\x"}, {"count", std::int64_t{-7}}, {"ms", 0.25}});
  EXPECT_EQ(line["msg"], "a \"message\"");
  EXPECT_EQ(line["path"], "C:\\x");
  EXPECT_EQ(line["count"], -7);
  EXPECT_EQ(line["ms"], 0.25);
}

TEST(LogLineTest, KeepsUtf8AndReplacesWhatIsNone) {
  EXPECT_EQ(Json("m", {{"a", "na\xc3\xafve \xf0\x9f\x9a\xa2"}})["a"], "na\xc3\xafve \xf0\x9f\x9a\xa2");
  // A lone continuation, an overlong form, a surrogate, beyond U+10FFFF, a cut sequence.
  for (const char* broken :
       {"\x80", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88", "\xe2\x82"}) {
    const std::string value = Json("m", {{"a", broken}})["a"];
    EXPECT_EQ(value.substr(0, 3), "\xef\xbf\xbd") << "of " << broken;
  }
}

TEST(LogLineTest, WritesNumbersThatJsonLacksAsNull) {
  EXPECT_TRUE(Json("m", {{"a", std::numeric_limits<double>::infinity()}})["a"].is_null());
  EXPECT_TRUE(Json("m", {{"a", std::numeric_limits<double>::quiet_NaN()}})["a"].is_null());
}

}  // namespace
}  // namespace lqvg::serving
