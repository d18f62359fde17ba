#include "manual/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lqvg::manual {
namespace {

using testing::HasSubstr;

Program With(Option option) {
  Program program;
  program.name = "asks-it";
  program.groups = {{"All", {std::move(option)}}};
  return program;
}

TEST(CompletionTest, OffersFoldersAndFilesByThePlaceholder) {
  EXPECT_EQ(OfferFor({.name = "x", .value = "DIR"}), Offer::kFolders);
  EXPECT_EQ(OfferFor({.name = "x", .value = "FILE"}), Offer::kFiles);
  EXPECT_EQ(OfferFor({.name = "x", .value = "1..5"}), Offer::kNothing);
}

TEST(CompletionTest, NamesAFunctionAsShellsAllowIt) {
  EXPECT_THAT(BashCompletion(With({.name = "x"})), HasSubstr("complete -F _asks_it asks-it\n"));
}

TEST(CompletionTest, QuotesForZsh) {
  EXPECT_THAT(ZshCompletion(With({.name = "x", .value = "HOST:PORT", .help = "It's [so]: a\\b. More."})),
              HasSubstr("'--x=[It'\\''s \\[so\\]\\: a\\\\b]:HOST\\:PORT: '"));
}

TEST(CompletionTest, QuotesForFish) {
  EXPECT_THAT(FishCompletion(With({.name = "x", .help = "It's a\\b."})), HasSubstr(" -l x -d 'It\\'s a\\\\b'\n"));
}

TEST(CompletionTest, OffersTheOppositeOfASwitch) {
  const Program program = With({.name = "safe", .help = "Safe.", .can_be_negated = true});
  EXPECT_THAT(BashCompletion(program), HasSubstr("'--safe --no-safe'"));
  EXPECT_THAT(ZshCompletion(program), HasSubstr("'(--safe)--no-safe["));
  EXPECT_THAT(FishCompletion(program), HasSubstr(" -l no-safe "));
}

TEST(CompletionTest, TellsTheFirstSentence) {
  EXPECT_EQ(FirstSentence("One of 1.5 things. And another."), "One of 1.5 things");
  EXPECT_EQ(FirstSentence("Only one."), "Only one");
  EXPECT_EQ(FirstSentence("no stop"), "no stop");
  EXPECT_EQ(Sentence("no stop"), "No stop.");
}

}  // namespace
}  // namespace lqvg::manual
