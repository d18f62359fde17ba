#include "client/eval/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>

namespace lqvg::eval {
namespace {

using datasets::PixelBox;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr PixelBox kTen = {0, 0, 10, 10};

Answered About(const std::string& expression, std::optional<PixelBox> truth) {
  Answered answered;
  answered.image = "a.png";
  answered.expression = expression;
  answered.truth = truth;
  return answered;
}

Answered Present(const PixelBox& truth, const PixelBox& box, const std::string& kind = "") {
  Answered answered = About("a ship", truth);
  answered.kind = kind;
  answered.box = box;
  answered.score = 0.5F;
  return answered;
}

Answered Failed(const PixelBox& truth, const std::string& failure) {
  Answered answered = About("a ship", truth);
  answered.failure = failure;
  return answered;
}

Answered Absent(float score) {
  Answered answered = About("a unicorn", std::nullopt);
  answered.box = kTen;
  answered.score = score;
  return answered;
}

Figures Measured(const std::vector<Answered>& answers) {
  const auto figures = MeasureFigures(answers);
  EXPECT_TRUE(figures.ok()) << figures.status();
  return figures.ok() ? *figures : Figures();
}

std::string Refusal(const Answered& answered) {
  const absl::Status status = MeasureFigures({answered}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(Overlap, OfABoxWithItselfIsWhole) {
  const Overlap overlap = OverlapOf({10, 20, 110, 70}, {10, 20, 110, 70});
  EXPECT_EQ(overlap.intersection, 5000);
  EXPECT_EQ(overlap.union_area, 5000);
  EXPECT_EQ(overlap.iou, 1);
}

TEST(Overlap, OfBoxesThatTouchOrLieApartIsTheEpsilonOverTheUnion) {
  for (const PixelBox& other : {PixelBox{10, 0, 20, 10}, PixelBox{0, 10, 10, 20}, PixelBox{30, 40, 40, 50}}) {
    const Overlap overlap = OverlapOf(kTen, other);
    EXPECT_EQ(overlap.intersection, 0);
    EXPECT_EQ(overlap.union_area, 200);
    EXPECT_EQ(overlap.iou, 1e-6F / 200);
  }
}

TEST(Overlap, OfABoxInsideAnotherIsTheQuotientOfTheirAreas) {
  EXPECT_EQ(OverlapOf({5, 5, 15, 15}, {0, 0, 20, 20}).iou, 0.25F);
  EXPECT_EQ(OverlapOf({0, 0, 20, 20}, {5, 5, 15, 15}).iou, 0.25F);
}

TEST(Overlap, CountsWhatReachesOverThePicturesEdge) {
  const Overlap overlap = OverlapOf({-10, -10, 10, 10}, kTen);
  EXPECT_EQ(overlap.union_area, 400);
  EXPECT_EQ(overlap.iou, 0.25F);
}

TEST(Overlap, HasTheEpsilonAboveAndBelow) {
  // Boxes of 1e-6 square pixels each, apart from one another: 1e-6 / (2e-6 + 1e-6).
  EXPECT_NEAR(OverlapOf({0, 0, 0.001F, 0.001F}, {1, 1, 1.001F, 1.001F}).iou, 1.0 / 3, 1e-4);
}

TEST(Overlap, IsComputedInSinglePrecision) {
  EXPECT_EQ(OverlapOf({0, 0, 4097, 4097}, {0, 0, 4097, 4097}).union_area, 16785408.0F);  // 4097 squared is one more
}

TEST(Overlap, HasTheAreaOfABoxTurnedInsideOutBelowZero) {
  EXPECT_EQ(OverlapOf({10, 0, 0, 10}, {20, 20, 30, 30}).union_area, 0);
}

TEST(Figures, AreThoseOfTheOverlaps) {
  const Figures figures = Measured({Present(kTen, kTen), Present({0, 0, 10, 20}, {0, 20, 10, 30})});
  EXPECT_EQ(figures.overall.expressions, 2);
  EXPECT_THAT(figures.overall.above, ElementsAre(0.5, 0.5, 0.5, 0.5, 0.5));
  EXPECT_DOUBLE_EQ(figures.overall.mean_iou, (1 + static_cast<double>(1e-6F / 300)) / 2);
  EXPECT_DOUBLE_EQ(figures.overall.cumulative_iou, 100.0 / 400);
}

// Single precision's 0.6 and 0.8 are above the numbers, 0.7 and 0.9 below.
TEST(Figures, CountAnIouAboveAThresholdOnlyAsTheOfficialCodeDoes) {
  const auto above = [](float height) { return Measured({Present({0, 0, 10, 10}, {0, 0, 10, height})}).overall.above; };
  EXPECT_THAT(above(5), ElementsAre(0, 0, 0, 0, 0));
  EXPECT_THAT(above(5.01F), ElementsAre(1, 0, 0, 0, 0));
  EXPECT_THAT(above(6), ElementsAre(1, 1, 0, 0, 0));
  EXPECT_THAT(above(7), ElementsAre(1, 1, 0, 0, 0));
  EXPECT_THAT(above(8), ElementsAre(1, 1, 1, 1, 0));
  EXPECT_THAT(above(9), ElementsAre(1, 1, 1, 1, 0));
}

TEST(Figures, CountWhatFailedAsAnEmptyBoxAndBeside) {
  const Figures figures = Measured({Present(kTen, kTen), Failed({0, 0, 10, 30}, "NO_SUCH_FILE: a.png: no such file"),
                                    Failed(kTen, "QUEUE_FULL: too many: wait"), Failed(kTen, "NO_SUCH_FILE: b.png")});
  EXPECT_EQ(figures.expressions, 4);
  EXPECT_EQ(figures.answered, 1);
  EXPECT_THAT(figures.failed, ElementsAre(Pair("NO_SUCH_FILE", 2), Pair("QUEUE_FULL", 1)));
  EXPECT_EQ(figures.overall.expressions, 4);
  EXPECT_EQ(figures.overall.above[0], 0.25);
  EXPECT_EQ(figures.overall.mean_iou, 0.25);
  EXPECT_EQ(figures.overall.cumulative_iou, 100.0 / 600);
  EXPECT_EQ(figures.over_answered.expressions, 1);
  EXPECT_EQ(figures.over_answered.mean_iou, 1);
  EXPECT_EQ(figures.over_answered.cumulative_iou, 1);
}

TEST(Figures, AreToldOfEachKindThatIsNamed) {
  const Figures figures = Measured({Present(kTen, kTen, "ship"), Present(kTen, {20, 20, 30, 30}, "ship"),
                                    Present(kTen, kTen, "pier"), Present(kTen, kTen)});
  ASSERT_EQ(figures.by_kind.size(), 2u);
  EXPECT_EQ(figures.by_kind.at("ship").expressions, 2);
  EXPECT_EQ(figures.by_kind.at("ship").above[0], 0.5);
  EXPECT_EQ(figures.by_kind.at("pier").above[4], 1);
}

TEST(Figures, OfWhatIsNotThereAreTheAurocAlone) {
  Answered certain = Present(kTen, kTen, "ship"), doubtful = certain, failed = Failed(kTen, "X");
  certain.score = 0.9F, doubtful.score = 0.4F;
  Answered unicorn = Absent(0.6F);
  unicorn.kind = "unicorn";
  const Figures figures = Measured({certain, doubtful, unicorn, Absent(0.4F), failed});
  EXPECT_EQ(figures.present, 3);
  EXPECT_EQ(figures.absent, 2);
  EXPECT_EQ(figures.answered, 4);
  EXPECT_EQ(figures.overall.expressions, 3);
  EXPECT_EQ(figures.by_kind.size(), 1u);
  EXPECT_EQ(figures.auroc, (2 + 0.5) / 4);
}

TEST(Figures, TellWhatTheScoresOfAnswersAreWorth) {
  Answered right = Present(kTen, kTen), wrong = Present(kTen, {20, 20, 30, 30}), failed = Failed(kTen, "X");
  right.score = 0.75F, wrong.score = 0.75F;
  const Figures figures = Measured({right, right, right, wrong, Absent(0.25F), failed});
  EXPECT_EQ(figures.reliability.count, 5);
  EXPECT_EQ(figures.reliability.right, 3.0 / 5);
  EXPECT_EQ(figures.reliability.bins.at(7).right, 0.75);
  EXPECT_EQ(figures.reliability.bins.at(2).right, 0);
  EXPECT_DOUBLE_EQ(figures.reliability.expected_calibration_error, 0.25 / 5);
}

TEST(Figures, HaveNoAurocWithoutBothSorts) {
  EXPECT_FALSE(Measured({Present(kTen, kTen)}).auroc);
  EXPECT_FALSE(Measured({Absent(0.5F)}).auroc);
}

TEST(Figures, OfNothingAreZero) {
  const Figures figures = Measured({});
  EXPECT_EQ(figures.overall.expressions, 0);
  EXPECT_EQ(figures.overall.mean_iou, 0);
  EXPECT_THAT(figures.by_kind, IsEmpty());
}

TEST(Figures, AreRefusedWhereANumberIsNone) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(Refusal(Present(kTen, {0, 0, kNan, 1})), "a.png, \"a ship\": box.x_max is nan, not a finite number");
  EXPECT_EQ(Refusal(Present(kTen, {0, -kInfinity, 1, 1})), "a.png, \"a ship\": box.y_min is -inf, not a finite number");
  EXPECT_EQ(Refusal(Present({kNan, 0, 1, 1}, kTen)), "a.png, \"a ship\": truth.x_min is nan, not a finite number");
  EXPECT_EQ(Refusal(Present(kTen, {0, 0, 3e38F, 3e38F})),
            "a.png, \"a ship\": the areas of its boxes are beyond float32");
  EXPECT_EQ(Refusal(Absent(kNan)), "a.png, \"a unicorn\": score is nan, not a finite number");
}

}  // namespace
}  // namespace lqvg::eval
