#include "server/value_text.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace lqvg::serving {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): the only way to its literals

TEST(ValueTextTest, ReadsDurationsWithUnits) {
  EXPECT_EQ(*ParseDuration("250ms"), 250ms);
  EXPECT_EQ(*ParseDuration("5s"), 5s);
  EXPECT_EQ(*ParseDuration("1.5s"), 1500ms);
  EXPECT_EQ(*ParseDuration("1m30s"), 90s);
  EXPECT_EQ(*ParseDuration("2h"), 2h);
  EXPECT_EQ(*ParseDuration("0"), 0s);
}

TEST(ValueTextTest, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "5", "s", "-5s", "+5s", "inf", "5 s", "5s ", "5m5", "1d", "5S"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(ValueTextTest, WritesDurationsAsTheyAreRead) {
  EXPECT_EQ(FormatDuration(0s), "0s");
  EXPECT_EQ(FormatDuration(90s), "90s");
  EXPECT_EQ(FormatDuration(10min), "10m");
  EXPECT_EQ(FormatDuration(1500ms), "1500ms");
  for (const Duration duration : {Duration(1), Duration(5s), Duration(90s), Duration(24h), Duration(1h + 1ns)}) {
    EXPECT_EQ(*ParseDuration(FormatDuration(duration)), duration);
  }
}

TEST(ValueTextTest, ReadsBytesWithUnits) {
  EXPECT_EQ(*ParseBytes("0"), 0u);
  EXPECT_EQ(*ParseBytes("65537"), 65'537u);
  EXPECT_EQ(*ParseBytes("64KiB"), 65'536u);
  EXPECT_EQ(*ParseBytes("16MiB"), 16u << 20);
  EXPECT_EQ(*ParseBytes("2GiB"), 2ull << 30);
}

TEST(ValueTextTest, RefusesWhatIsNoNumberOfBytes) {
  for (const char* text :
       {"", "MiB", "-1", "1.5MiB", "16MB", "16 MiB", "16mib", "18446744073709551616", "17179869184GiB"}) {
    EXPECT_FALSE(ParseBytes(text).ok()) << text;
  }
}

TEST(ValueTextTest, WritesBytesAsTheyAreRead) {
  EXPECT_EQ(FormatBytes(0), "0");
  EXPECT_EQ(FormatBytes(16u << 20), "16MiB");
  EXPECT_EQ(FormatBytes(1'536), "1536");
  EXPECT_EQ(FormatBytes(5ull << 30), "5GiB");
}

TEST(ValueTextTest, ReadsCountsOfDecimalDigitsOnly) {
  EXPECT_EQ(*ParseCount("0"), 0u);
  EXPECT_EQ(*ParseCount("256"), 256u);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "0x10", "1e3", "99999999999999999999"}) {
    EXPECT_FALSE(ParseCount(text).ok()) << text;
  }
}

TEST(ValueTextTest, ReadsSwitches) {
  EXPECT_TRUE(*ParseSwitch("true"));
  EXPECT_TRUE(*ParseSwitch("ON"));
  EXPECT_FALSE(*ParseSwitch("no"));
  EXPECT_FALSE(*ParseSwitch("0"));
  EXPECT_FALSE(ParseSwitch("").ok());
  EXPECT_FALSE(ParseSwitch("maybe").ok());
}

}  // namespace
}  // namespace lqvg::serving
