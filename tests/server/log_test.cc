#include "server/log.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <string>

namespace lqvg::serving {
namespace {

class LogTest : public testing::Test {
 protected:
  std::unique_ptr<Log> MakeLog(const LogOptions& options) {
    return std::make_unique<Log>(options, std::make_shared<spdlog::sinks::ostream_sink_mt>(out_));
  }

  std::ostringstream out_;
};

TEST_F(LogTest, WritesTextWithTimeAndLevel) {
  MakeLog({})->Write(LogLevel::kWarning, "low on files", {{"files", std::int64_t{64}}});
  const std::regex line(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning low on files files=64\n)");
  EXPECT_TRUE(std::regex_match(out_.str(), line)) << out_.str();
}

TEST_F(LogTest, WritesOneJsonObjectALine) {
  const std::unique_ptr<Log> log = MakeLog({.format = "json"});
  log->Write(LogLevel::kError, "first", {{"request_id", "r/1"}});
  log->Write(LogLevel::kInfo, "second");
  std::istringstream lines(out_.str());
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  const nlohmann::json first = nlohmann::json::parse(line);
  EXPECT_EQ(first["level"], "error");
  EXPECT_EQ(first["msg"], "first");
  EXPECT_EQ(first["request_id"], "r/1");
  const std::string time = first["ts"];
  EXPECT_TRUE(std::regex_match(time, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"))) << time;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(nlohmann::json::parse(line)["msg"], "second");
}

TEST_F(LogTest, WritesWhatAFormatStringWouldMeanAsItIs) {
  MakeLog({})->Write(LogLevel::kInfo, "%v {} {0} %n");
  EXPECT_NE(out_.str().find("%v {} {0} %n"), std::string::npos) << out_.str();
}

TEST_F(LogTest, LeavesOutWhatIsBelowItsLevel) {
  const std::unique_ptr<Log> log = MakeLog({.level = "warning"});
  EXPECT_FALSE(log->IsOn(LogLevel::kInfo));
  EXPECT_TRUE(log->IsOn(LogLevel::kWarning));
  log->Write(LogLevel::kInfo, "too low");
  EXPECT_EQ(out_.str(), "");
  log->Write(LogLevel::kError, "high enough");
  EXPECT_NE(out_.str(), "");
}

TEST_F(LogTest, KnowsEveryLevelOfItsOptions) {
  EXPECT_TRUE(MakeLog({.level = "debug"})->IsOn(LogLevel::kDebug));
  EXPECT_FALSE(MakeLog({.level = "info"})->IsOn(LogLevel::kDebug));
  EXPECT_TRUE(MakeLog({.level = "info"})->IsOn(LogLevel::kInfo));
  EXPECT_FALSE(MakeLog({.level = "error"})->IsOn(LogLevel::kWarning));
  EXPECT_TRUE(MakeLog({.level = "error"})->IsOn(LogLevel::kError));
}

}  // namespace
}  // namespace lqvg::serving
