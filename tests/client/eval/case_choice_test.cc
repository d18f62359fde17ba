#include "client/eval/case_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/client/eval/cases.h"

namespace lqvg::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ChooseCases, OrdersTheWorstAndTheBestByIouAndThenByScore) {
  Gallery gallery;
  gallery.cases = {Present("0", 0.9, 0.1F), Present("1", 0.1, 0.2F), Present("2", 0.1, 0.8F),
                   Present("3", 0.9, 0.7F), Present("4", 0.5, 0.5F), Present("5", 0.0, 0.5F)};
  gallery.worst = 3;
  gallery.best = 2;
  const CaseChoice choice = ChooseCases(gallery);
  EXPECT_THAT(choice.worst, ElementsAre(5, 2, 1));
  EXPECT_THAT(choice.best, ElementsAre(3, 0));
  EXPECT_EQ(choice.with_truth, 6U);
}

TEST(ChooseCases, ShowsNoCaseTwice) {
  Gallery gallery;
  gallery.cases = {Present("0", 0.9, 0.5F), Present("1", 0.5, 0.5F), Present("2", 0.1, 0.5F)};
  const CaseChoice choice = ChooseCases(gallery);
  EXPECT_THAT(choice.worst, ElementsAre(2, 1));
  EXPECT_THAT(choice.best, ElementsAre(0));
}

TEST(ChooseCases, KeepsTheOrderOfEqualCases) {
  Gallery gallery;
  gallery.cases = {Present("0", 0.5, 0.5F), Present("1", 0.5, 0.5F), Present("2", 0.5, 0.5F), Present("3", 0.5, 0.5F)};
  const CaseChoice choice = ChooseCases(gallery);
  EXPECT_THAT(choice.best, ElementsAre(0, 1));
  EXPECT_THAT(choice.worst, ElementsAre(2, 3));
}

TEST(ChooseCases, TakesTheHighestScoresOfWhatIsNotThere) {
  Gallery gallery;
  gallery.cases = {Absent("0", 0.2F), Absent("1", 0.9F), Present("2", 0.1, 0.99F), Absent("3", 0.4F)};
  gallery.worst = 2;
  const CaseChoice choice = ChooseCases(gallery);
  EXPECT_THAT(choice.absent, ElementsAre(1, 3));
  EXPECT_EQ(choice.without_truth, 3U);
}

TEST(ChooseCases, ListsEveryFailureAndShowsNoneOfThem) {
  Gallery gallery;
  gallery.cases = {Failed("0", "INTERNAL"), Present("1", 0.5, 0.5F), Failed("2", "UNAVAILABLE")};
  gallery.cases[2].answered.truth.reset();
  gallery.worst = 1;
  const CaseChoice choice = ChooseCases(gallery);
  EXPECT_THAT(choice.failed, ElementsAre(0, 2));
  EXPECT_THAT(choice.worst, ElementsAre(1));
  EXPECT_THAT(choice.best, IsEmpty());
  EXPECT_THAT(choice.absent, IsEmpty());
}

TEST(ChooseCases, CountsWhatIsNoNumberAsZero) {
  const float no_number = std::numeric_limits<float>::quiet_NaN();
  Gallery gallery;
  gallery.cases = {Present("0", 0.3, 0.5F),      Present("1", std::nan(""), no_number),
                   Present("2", 0.2, no_number), Present("3", 0.2, 0.1F),
                   Absent("4", no_number),       Absent("5", 0.1F)};
  gallery.cases.push_back(Present("6", 0, 0.5F));
  gallery.cases.back().iou.reset();
  gallery.best = 0;
  const CaseChoice choice = ChooseCases(gallery);
  EXPECT_THAT(choice.worst, ElementsAre(6, 1, 3, 2, 0));
  EXPECT_THAT(choice.absent, ElementsAre(5, 4));
}

}  // namespace
}  // namespace lqvg::eval
