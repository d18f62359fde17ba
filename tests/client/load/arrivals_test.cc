#include "client/load/arrivals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/temporary_folder.h"

namespace lqvg::load {
namespace {

std::vector<absl::Duration> Take(Arrivals arrivals, int count) {
  std::vector<absl::Duration> taken;
  while (static_cast<int>(taken.size()) < count) {
    const std::optional<absl::Duration> next = arrivals.Next();
    if (!next) break;
    taken.push_back(*next);
  }
  return taken;
}

std::vector<double> GapsInSeconds(const std::vector<absl::Duration>& arrivals) {
  std::vector<double> gaps;
  absl::Duration last;
  for (const absl::Duration arrival : arrivals) {
    gaps.push_back(absl::ToDoubleSeconds(arrival - last));
    last = arrival;
  }
  return gaps;
}

double MeanOf(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

constexpr int kMany = 200'000;
constexpr double kRate = 500;

TEST(PoissonArrivals, HaveTheRateOnTheAverage) {
  const std::vector<double> gaps = GapsInSeconds(Take(Arrivals::Poisson(kRate, 7), kMany));
  EXPECT_NEAR(MeanOf(gaps) * kRate, 1, 0.011);  // 5 standard errors
}

TEST(PoissonArrivals, HaveGapsThatVaryAsMuchAsTheyLast) {
  std::vector<double> squares = GapsInSeconds(Take(Arrivals::Poisson(kRate, 7), kMany));
  const double mean = MeanOf(squares);
  for (double& gap : squares) gap = (gap - mean) * (gap - mean);
  EXPECT_NEAR(MeanOf(squares) * kRate * kRate, 1, 0.032);  // 5 standard errors: that of the variance is sqrt(8 / n)
}

// Mean and variance alone would let other distributions pass.
TEST(PoissonArrivals, HaveGapsWithAnExponentialTail) {
  const std::vector<double> gaps = GapsInSeconds(Take(Arrivals::Poisson(kRate, 7), kMany));
  for (const double means : {0.1, 0.5, 1.0, 2.0, 4.0}) {
    const double longer = std::exp(-means);
    double count = 0;
    for (const double gap : gaps) count += gap * kRate > means ? 1 : 0;
    EXPECT_NEAR(count / kMany, longer, 5 * std::sqrt(longer * (1 - longer) / kMany)) << means;
  }
}

TEST(PoissonArrivals, NeverGoBack) {
  absl::Duration last;
  for (const absl::Duration arrival : Take(Arrivals::Poisson(1e9, 3), kMany)) {
    ASSERT_GE(arrival, last);
    last = arrival;
  }
}

TEST(PoissonArrivals, AreTheSameForTheSameSeed) {
  EXPECT_EQ(Take(Arrivals::Poisson(kRate, 7), 100), Take(Arrivals::Poisson(kRate, 7), 100));
}

TEST(PoissonArrivals, DifferForAnotherSeed) {
  EXPECT_NE(Take(Arrivals::Poisson(kRate, 7), 1), Take(Arrivals::Poisson(kRate, 8), 1));
}

TEST(ConstantArrivals, BeginAtOnceAndKeepTheirSpacing) {
  const std::vector<absl::Duration> expected = {absl::ZeroDuration(), absl::Milliseconds(4), absl::Milliseconds(8)};
  EXPECT_EQ(Take(Arrivals::Constant(250), 3), expected);
}

// 1 / 3000 s is no whole number of the quarters of a nanosecond that a duration counts.
TEST(ConstantArrivals, DoNotDriftInAMillionCalls) {
  const std::vector<absl::Duration> arrivals = Take(Arrivals::Constant(3000), 1'000'001);
  ASSERT_EQ(arrivals.size(), 1'000'001u);
  EXPECT_LE(absl::AbsDuration(arrivals.back() - absl::Seconds(1e6 / 3000)), absl::Nanoseconds(1));
}

class ReplayedArrivals : public testing::Test {
 protected:
  absl::StatusOr<Arrivals> Replay(const std::string& text, double speed = 1) {
    return Arrivals::Replay(folder_.Write("trace", text), speed);
  }
  std::string MessageFor(const std::string& text) {
    const absl::Status status = Replay(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    return std::string(status.message());
  }

  TemporaryFolder folder_;
};

TEST_F(ReplayedArrivals, AreThoseOfTheFileAndThenNone) {
  auto arrivals = Replay("# recorded\n0\n0.0125\r\n\n  \n 0.0125\n  # later\n2.5");
  ASSERT_TRUE(arrivals.ok()) << arrivals.status();
  const std::vector<absl::Duration> expected = {absl::ZeroDuration(), absl::Microseconds(12500),
                                                absl::Microseconds(12500), absl::Milliseconds(2500)};
  EXPECT_EQ(Take(*arrivals, 10), expected);
}

TEST_F(ReplayedArrivals, StayOverOnceTheyAreOver) {
  auto arrivals = Replay("0.5\n");
  ASSERT_TRUE(arrivals.ok());
  arrivals->Next();
  EXPECT_EQ(arrivals->Next(), std::nullopt);
  EXPECT_EQ(arrivals->Next(), std::nullopt);
}

TEST_F(ReplayedArrivals, ComeSoonerAtAHigherSpeed) {
  const auto arrivals = Replay("1\n3\n", 4);
  ASSERT_TRUE(arrivals.ok());
  const std::vector<absl::Duration> expected = {absl::Milliseconds(250), absl::Milliseconds(750)};
  EXPECT_EQ(Take(*arrivals, 2), expected);
}

TEST_F(ReplayedArrivals, NameTheLineThatHoldsNoTime) {
  const std::string place = absl::StrCat(folder_.Path("trace"), ":3: ");
  for (const std::string bad : {"abc", "-0.1", "nan", "1 2", "1s", "0.5,1"}) {
    EXPECT_EQ(MessageFor(absl::StrCat("0\n#\n", bad, "\n7\n")),
              absl::StrCat(place, "\"", bad, "\" is not a number of seconds, 0 or more"));
  }
}

TEST_F(ReplayedArrivals, NameTheLineThatGoesBack) {
  EXPECT_EQ(MessageFor("0.5\n0.7\n\n0.6\n"),
            absl::StrCat(folder_.Path("trace"), ":4: \"0.6\" is earlier than \"0.7\", the one before it"));
}

TEST_F(ReplayedArrivals, NameTheLineWhoseTimeIsThatOfAClock) {
  for (const std::string late : {"1732480610.25", "604800.5", "inf", "1e300"}) {
    EXPECT_EQ(MessageFor(late),
              absl::StrCat(folder_.Path("trace"), ":1: \"", late, "\" is more than a week after the start"));
  }
}

TEST_F(ReplayedArrivals, MayLastAWeekAtTheirSpeed) {
  EXPECT_TRUE(Replay("604800").ok());
  EXPECT_TRUE(Replay("6048000", 10).ok());
}

TEST_F(ReplayedArrivals, NeedAtLeastOne) {
  EXPECT_EQ(MessageFor("# nothing\n\n"), absl::StrCat(folder_.Path("trace"), " holds no arrivals"));
  EXPECT_EQ(MessageFor(""), absl::StrCat(folder_.Path("trace"), " holds no arrivals"));
}

TEST_F(ReplayedArrivals, NameTheFileThatIsMissing) {
  const absl::Status status = Arrivals::Replay(folder_.Path("none"), 1).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), absl::StrCat(folder_.Path("none"), ": No such file or directory"));
}

TEST_F(ReplayedArrivals, NameTheFileThatIsAFolder) {
  const absl::Status status = Arrivals::Replay(folder_.Path(""), 1).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(status.message(), absl::StrCat(folder_.Path(""), ": Is a directory"));
}

}  // namespace
}  // namespace lqvg::load
