#include "client/load/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clocale>
#include <locale>
#include <sstream>
#include <string>

#include "tests/client/load/report_steps.h"

namespace lqvg::load {
namespace {

// Commas for points and dots between thousands, in the library's streams and, where the machine has such a locale, in
// printf.
class GermanLocale {
 public:
  GermanLocale() : before_(std::locale::global(std::locale(std::locale(), new Punctuation))) {
    for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8"}) {
      if (std::setlocale(LC_NUMERIC, name) != nullptr) break;
    }
  }
  ~GermanLocale() {
    std::locale::global(before_);
    std::setlocale(LC_NUMERIC, "C");
  }

 private:
  class Punctuation : public std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  std::locale before_;
};

TEST(ReportTest, WritesTheSameWhateverTheLocale) {
  Step silent = Silent();
  silent.offered = 12345.678;
  const Report report = ReportOf({TenSeconds(1000, absl::Milliseconds(30)), silent});
  const std::string text = ToText(report), json = ToJson(report), csv = ToCsv(report), svg = ToSvg(report);
  const std::string live = LiveLine(absl::Milliseconds(1234567), report.steps[0].tally, 1234.5);
  const GermanLocale german;
  std::ostringstream number;
  number << 1234.5;
  ASSERT_EQ(number.str(), "1.234,5");
  EXPECT_EQ(ToText(report), text);
  EXPECT_EQ(ToJson(report), json);
  EXPECT_EQ(ToCsv(report), csv);
  EXPECT_EQ(ToSvg(report), svg);
  EXPECT_EQ(LiveLine(absl::Milliseconds(1234567), report.steps[0].tally, 1234.5), live);
}

}  // namespace
}  // namespace lqvg::load
