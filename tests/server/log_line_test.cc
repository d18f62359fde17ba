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
  std::string line = "{";
  line += RenderJsonMembers(message, fields);
  line += "}";
  return nlohmann::json::parse(line);
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

TEST(LogLineTest, EscapesWhatALineReaderOrATerminalWouldObey) {
  // NEL and CSI as C1 controls, line and paragraph separator, right-to-left override and isolate.
  const std::string evil = "\xc2\x85 \xc2\x9b \xe2\x80\xa8 \xe2\x80\xa9 \xe2\x80\xae \xe2\x81\xa6";
  const std::string escaped = "\\u0085 \\u009b \\u2028 \\u2029 \\u202e \\u2066";
  EXPECT_EQ(Text("m", {{"a", evil}}), "m a=\"" + escaped + "\"");
  EXPECT_EQ(Text(evil, {}), "\"" + escaped + "\"");
  EXPECT_EQ(RenderJsonMembers("m", std::vector<LogField>{{"a", evil}}), "\"msg\":\"m\",\"a\":\"" + escaped + "\"");
  EXPECT_EQ(Json("m", {{"a", evil}})["a"], evil) << "a parser gets it back";
}

TEST(LogLineTest, LetsNoValueLookLikeAnotherField) {
  EXPECT_EQ(Text("m", {{"a", "code=OK"}}), "m a=\"code=OK\"");
  EXPECT_EQ(Text("m", {{"a", "x code=OK"}}), "m a=\"x code=OK\"");
  EXPECT_EQ(Text("m", {{"a", "x\" code=\"OK"}}), "m a=\"x\\\" code=\\\"OK\"");
}

TEST(LogLineTest, WritesAMessageThatIsNotUtf8AsOneThatIs) {
  EXPECT_EQ(Text("caf\xc3\xa9", {}), "caf\xc3\xa9");
  EXPECT_EQ(Text("caf\xe9", {}), "\"caf\\ufffd\"");
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
