#include "manual/man_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lqvg::manual {
namespace {

using testing::HasSubstr;
using testing::Not;

Program Plain() {
  Program program;
  program.name = "asks";
  program.summary = "asks things";
  program.version = "1.2";
  return program;
}

TEST(ManPageTest, EscapesWhatRoffWouldTurnIntoSomethingElse) {
  Program program = Plain();
  program.description = ".start of line, a\\b, don't, `x`, ~, ^, --flag";
  EXPECT_THAT(ManPage(program),
              HasSubstr("\n\\&.start of line, a\\eb, don\\(aqt, \\(gax\\(ga, \\(ti, \\(ha, \\-\\-flag\n"));
}

TEST(ManPageTest, TellsOfAnOptionItsValueDefaultAndVariable) {
  Program program = Plain();
  program.groups = {
      {"Time",
       {{.name = "wait", .value = "0s..1h", .help = "How long.", .default_text = "5s", .variable = "LQVG_WAIT"}}}};
  EXPECT_THAT(ManPage(program), HasSubstr(".SS Time\n.TP\n\\fB\\-\\-wait\\fR=\\fI0s..1h\\fR\nHow long.\n.br\nDefault: "
                                          "5s\n.br\nEnvironment: \\fBLQVG_WAIT\\fR\n"));
}

TEST(ManPageTest, NamesShortAndOppositeForms) {
  Program program = Plain();
  program.groups = {{"All", {{.name = "help", .short_name = "h"}, {.name = "safe", .can_be_negated = true}}}};
  EXPECT_THAT(ManPage(program), HasSubstr("\\fB\\-h\\fR, \\fB\\-\\-help\\fR\n"));
  EXPECT_THAT(ManPage(program), HasSubstr("\\fB\\-\\-safe\\fR, \\fB\\-\\-no\\-safe\\fR\n"));
}

TEST(ManPageTest, ShowsIndentedLinesAsTheyAre) {
  Program program = Plain();
  program.description = "A list:\n  one   two\n  three\nAnd on.\n\nNext.";
  EXPECT_THAT(ManPage(program),
              HasSubstr("A list:\n.RS\n.nf\none   two\nthree\n.fi\n.RE\nAnd on.\n.PP\nNext.\n.SH OPTIONS"));
}

TEST(ManPageTest, HasCommandsOnlyWhereThereAreAny) {
  Program program = Plain();
  EXPECT_THAT(ManPage(program), Not(HasSubstr(".SH COMMANDS")));
  program.commands = {{.name = "find",
                       .summary = "find it",
                       .synopses = {"FILE --top N"},
                       .explanation = "Finds.",
                       .options = {{.name = "top", .value = "N", .help = "How many."}}}};
  EXPECT_THAT(
      ManPage(program),
      HasSubstr(".SH COMMANDS\n.SS find: find it\n\\fBasks find\\fR \\fIFILE\\fR\\fB \\-\\-top \\fR\\fIN\\fR\n"));
}

}  // namespace
}  // namespace lqvg::manual
