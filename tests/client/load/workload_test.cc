#include "client/load/workload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

namespace lqvg::load {
namespace {

constexpr std::uint64_t kCalls = 100'000;

std::vector<Picture> Pictures(int count, int questions) {
  Picture picture;
  for (int i = 0; i < questions; ++i) picture.questions.push_back({std::to_string(i), {}});
  return std::vector<Picture>(static_cast<std::size_t>(count), picture);
}

std::vector<PlannedCall> Plans(const std::vector<Picture>& pictures, const WorkloadOptions& options,
                               std::uint64_t calls = kCalls) {
  const Workload workload(pictures, options);
  std::vector<PlannedCall> plans;
  for (std::uint64_t i = 0; i < calls; ++i) plans.push_back(workload.Plan(i));
  return plans;
}

bool AskAlike(const PlannedCall& a, const PlannedCall& b) {
  return a.index == b.index && a.picture == b.picture && a.questions == b.questions;
}

bool AreAlike(const PlannedCall& a, const PlannedCall& b) {
  return AskAlike(a, b) && a.timeout == b.timeout && a.give_up == b.give_up && a.kills == b.kills;
}

// That counts come from the expected shares (in any scale) has a chi-square of about as many as there are degrees of
// freedom; 5 standard deviations more do not happen by chance.
void ExpectShares(const std::vector<double>& counts, const std::vector<double>& shares) {
  ASSERT_EQ(counts.size(), shares.size());
  double counted = 0, shared = 0, chi_square = 0;
  for (const double count : counts) counted += count;
  for (const double share : shares) shared += share;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = counted * shares[i] / shared;
    chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  const double freedom = static_cast<double>(counts.size()) - 1;
  EXPECT_LT(chi_square, freedom + 5 * std::sqrt(2 * freedom));
}

template <typename Function>
std::vector<double> CountsOf(const std::vector<PlannedCall>& plans, std::size_t values, const Function& value_of) {
  std::vector<double> counts(values, 0);
  for (const PlannedCall& plan : plans) ++counts.at(value_of(plan));
  return counts;
}

double ShareOf(const std::vector<PlannedCall>& plans, bool (*is)(const PlannedCall&)) {
  return static_cast<double>(std::count_if(plans.begin(), plans.end(), is)) / static_cast<double>(plans.size());
}

double FiveSigma(double share) { return 5 * std::sqrt(share * (1 - share) / kCalls); }

const auto kPicture = [](const PlannedCall& plan) { return plan.picture; };

TEST(Workload, AsksAboutPicturesByTheirPopularity) {
  for (const double exponent : {0.5, 1.0, 1.4}) {
    std::vector<double> popularity;
    for (int i = 0; i < 50; ++i) popularity.push_back(1 / std::pow(i + 1, exponent));
    ExpectShares(CountsOf(Plans(Pictures(50, 1), {.zipf = exponent}), 50, kPicture), popularity);
  }
}

TEST(Workload, AsksAboutAllPicturesAlikeWithoutAnExponent) {
  ExpectShares(CountsOf(Plans(Pictures(50, 1), {}), 50, kPicture), std::vector<double>(50, 1));
}

TEST(Workload, DrawsEachCallsPictureAnewFromTheOneBefore) {
  const std::vector<PlannedCall> plans = Plans(Pictures(5, 1), {});
  std::vector<double> pairs(25, 0);
  for (std::size_t i = 1; i < plans.size(); ++i) ++pairs[plans[i - 1].picture * 5 + plans[i].picture];
  ExpectShares(pairs, std::vector<double>(25, 1));
}

TEST(Workload, IsAnotherForAnotherSeed) {
  const std::vector<Picture> pictures = Pictures(5, 1);
  const std::vector<PlannedCall> one = Plans(pictures, {.seed = 1}), two = Plans(pictures, {.seed = 2});
  std::vector<double> pairs(25, 0);
  for (std::size_t i = 0; i < one.size(); ++i) ++pairs[one[i].picture * 5 + two[i].picture];
  ExpectShares(pairs, std::vector<double>(25, 1));
}

TEST(Workload, PlansTheSameCallInWhateverOrderItIsAsked) {
  const std::vector<Picture> pictures = Pictures(20, 8);
  const WorkloadOptions options = {.zipf = 1,
                                   .counts = ExpressionCounts::kRsvgHr,
                                   .min_timeout = absl::Milliseconds(1),
                                   .cancelled = 0.3,
                                   .killed = 0.3};
  const std::vector<PlannedCall> forwards = Plans(pictures, options, 1000);
  const Workload workload(pictures, options);
  for (std::uint64_t i = 1000; i-- > 0;) {
    EXPECT_EQ(forwards[i].index, i);
    EXPECT_TRUE(AreAlike(workload.Plan(i), forwards[i])) << i;
  }
}

TEST(Workload, AsksDistinctQuestionsOfThePicture) {
  for (const PlannedCall& plan : Plans(Pictures(3, 8), {.expressions = 5}, 10'000)) {
    ASSERT_EQ(plan.questions.size(), 5u);
    ASSERT_EQ(std::set<std::size_t>(plan.questions.begin(), plan.questions.end()).size(), 5u);
    for (const std::size_t question : plan.questions) ASSERT_LT(question, 8u);
  }
}

TEST(Workload, AsksEachQuestionEquallyOftenAtEachPlace) {
  const std::vector<PlannedCall> plans = Plans(Pictures(3, 6), {.expressions = 3});
  for (std::size_t place = 0; place < 3; ++place) {
    ExpectShares(CountsOf(plans, 6, [&](const PlannedCall& plan) { return plan.questions[place]; }),
                 std::vector<double>(6, 1));
  }
}

TEST(Workload, AsksAllQuestionsOfAPictureThatHasFewer) {
  for (PlannedCall plan : Plans(Pictures(3, 2), {.expressions = 5}, 100)) {
    std::sort(plan.questions.begin(), plan.questions.end());
    EXPECT_EQ(plan.questions, (std::vector<std::size_t>{0, 1}));
  }
}

TEST(Workload, AsksAsManyAsThePicturesOfRsvgHrHave) {
  const std::vector<PlannedCall> plans = Plans(Pictures(3, 8), {.counts = ExpressionCounts::kRsvgHr});
  ExpectShares(CountsOf(plans, 6, [](const PlannedCall& plan) { return plan.questions.size() - 1; }),
               {841, 360, 139, 33, 7, 1});
}

TEST(Workload, AsksAtMostAsManyAsThePictureHasInTheMannerOfRsvgHrToo) {
  const std::vector<PlannedCall> plans = Plans(Pictures(3, 2), {.counts = ExpressionCounts::kRsvgHr});
  ExpectShares(CountsOf(plans, 2, [](const PlannedCall& plan) { return plan.questions.size() - 1; }), {841, 540});
}

TEST(Workload, HasTimeoutsOfWholeMicrosecondsFromTheLeastToTheMost) {
  const std::vector<PlannedCall> plans =
      Plans(Pictures(3, 1), {.min_timeout = absl::Microseconds(20), .max_timeout = absl::Microseconds(29)});
  for (const PlannedCall& plan : plans) ASSERT_EQ(plan.timeout % absl::Microseconds(1), absl::ZeroDuration());
  ExpectShares(CountsOf(plans, 10,
                        [](const PlannedCall& plan) {
                          return static_cast<std::size_t>(absl::ToInt64Microseconds(plan.timeout) - 20);
                        }),
               std::vector<double>(10, 1));
}

TEST(Workload, HasOneTimeoutWhereLeastAndMostAreTheSame) {
  for (const PlannedCall& plan : Plans(Pictures(3, 1), {}, 100)) EXPECT_EQ(plan.timeout, absl::Seconds(10));
}

const auto kIsCancelled = [](const PlannedCall& plan) { return plan.give_up.has_value() && !plan.kills; };
const auto kIsKilled = [](const PlannedCall& plan) { return plan.kills; };

TEST(Workload, CancelsItsPartOfTheCalls) {
  const std::vector<PlannedCall> plans = Plans(Pictures(3, 1), {.cancelled = 0.2, .killed = 0.05});
  EXPECT_NEAR(ShareOf(plans, kIsCancelled), 0.2, FiveSigma(0.2));
}

TEST(Workload, BreaksTheConnectionOfItsPartOfTheCalls) {
  const std::vector<PlannedCall> plans = Plans(Pictures(3, 1), {.cancelled = 0.2, .killed = 0.05});
  EXPECT_NEAR(ShareOf(plans, kIsKilled), 0.05, FiveSigma(0.05));
  for (const PlannedCall& plan : plans) ASSERT_TRUE(!plan.kills || plan.give_up);
}

TEST(Workload, GivesUpNoCallUnlessTold) {
  const std::vector<PlannedCall> plans = Plans(Pictures(3, 1), {});
  EXPECT_EQ(ShareOf(plans, kIsCancelled), 0);
  EXPECT_EQ(ShareOf(plans, kIsKilled), 0);
}

TEST(Workload, GivesUpEveryCallIfTold) {
  const std::vector<PlannedCall> plans = Plans(Pictures(3, 1), {.cancelled = 0.5, .killed = 0.5});
  for (const PlannedCall& plan : plans) ASSERT_TRUE(plan.give_up);
}

TEST(Workload, GivesUpAtAnyTimeWithinTheTimeForThat) {
  static constexpr absl::Duration kWithin = absl::Milliseconds(40);
  for (const WorkloadOptions& options : {WorkloadOptions{.cancelled = 1, .cancel_within = kWithin},
                                         WorkloadOptions{.cancel_within = kWithin, .killed = 1}}) {
    ExpectShares(CountsOf(Plans(Pictures(3, 1), options), 10,
                          [](const PlannedCall& plan) {
                            return static_cast<std::size_t>(absl::FDivDuration(*plan.give_up, kWithin) * 10);
                          }),
                 std::vector<double>(10, 1));
  }
}

TEST(Workload, AsksTheSameWhateverTheTimeoutsAndWhoeverWalksAway) {
  const std::vector<Picture> pictures = Pictures(20, 8);
  const std::vector<PlannedCall> calm = Plans(pictures, {.expressions = 3}, 1000);
  const std::vector<PlannedCall> hasty =
      Plans(pictures, {.expressions = 3, .min_timeout = absl::Milliseconds(1), .cancelled = 0.5, .killed = 0.2}, 1000);
  for (std::size_t i = 0; i < calm.size(); ++i) EXPECT_TRUE(AskAlike(calm[i], hasty[i])) << i;
}

}  // namespace
}  // namespace lqvg::load
