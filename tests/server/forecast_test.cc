#include "server/forecast.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string_view>
#include <vector>

#include "image/rejection.h"

namespace lqvg::serving {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kNow = TimePoint() + seconds(1000);
// 20 ms, 5 ms a picture, 1 ms a pair.
constexpr BatchCost kCost = {.fixed_seconds = 0.020, .image_seconds = 0.005, .expression_seconds = 0.001};

QueuedCall Due(Duration deadline, std::string_view image_key = "", int expression_count = 1) {
  return {.arrival = kNow, .deadline = kNow + deadline, .image_key = image_key, .expression_count = expression_count};
}

double DoneAfter(const Forecast& forecast) {
  return std::chrono::duration<double, std::milli>(forecast.done - kNow).count();
}

TEST(ForecastTest, ALoneCallTakesWhatABatchOfItTakes) {
  EXPECT_NEAR(DoneAfter(ForecastCall({}, Due(seconds(1), "", 3), kNow, kNow, kCost, {})), 28, 1e-3);
}

TEST(ForecastTest, ItBeginsWhenTheDeviceIsFree) {
  EXPECT_NEAR(DoneAfter(ForecastCall({}, Due(seconds(1)), kNow, kNow + milliseconds(40), kCost, {})), 66, 1e-3);
}

TEST(ForecastTest, LessUrgentCallsDoNotDelayIt) {
  const std::vector<QueuedCall> waiting = {Due(seconds(1)), Due(seconds(3))};
  EXPECT_NEAR(DoneAfter(ForecastCall(waiting, Due(seconds(2)), kNow, kNow, kCost, {.max_images = 1})), 52, 1e-3);
}

TEST(ForecastTest, CallsShareBatchesAndPictures) {
  const std::vector<QueuedCall> waiting = {Due(seconds(1), "a"), Due(seconds(1), "b")};
  EXPECT_NEAR(DoneAfter(ForecastCall(waiting, Due(seconds(2), "c"), kNow, kNow, kCost, {.max_images = 3})), 38, 1e-3);
  EXPECT_NEAR(DoneAfter(ForecastCall(waiting, Due(seconds(2), "b"), kNow, kNow, kCost, {.max_images = 2})), 33, 1e-3);
  QueuedCall known = Due(seconds(2), "c");
  known.picture_known = true;
  EXPECT_NEAR(DoneAfter(ForecastCall(waiting, known, kNow, kNow, kCost, {.max_images = 2})), 33, 1e-3);
}

TEST(ForecastTest, NothingIsDoneBeforeItsPictureIsDecoded) {
  QueuedCall newcomer = Due(milliseconds(100));
  newcomer.ready_at = kNow + milliseconds(60);
  EXPECT_NEAR(DoneAfter(ForecastCall({}, newcomer, kNow, kNow, kCost, {})), 86, 1e-3);
  EXPECT_TRUE(CheckReachable({}, newcomer, kNow, kNow, kCost, {}).ok());
  // While the device is busy, its picture is decoded meanwhile.
  EXPECT_NEAR(DoneAfter(ForecastCall({}, newcomer, kNow, kNow + milliseconds(70), kCost, {})), 96, 1e-3);
  newcomer.ready_at = kNow + milliseconds(80);
  EXPECT_EQ(ReasonOf(CheckReachable({}, newcomer, kNow, kNow, kCost, {})), "DEADLINE_UNREACHABLE");
  newcomer.deadline = kNow + milliseconds(211);  // it has time to spare, but not twice as much as it needs
  newcomer.ready_at = kNow + milliseconds(190);
  EXPECT_EQ(ReasonOf(CheckReachable({}, newcomer, kNow, kNow, kCost, {})), "DEADLINE_UNREACHABLE");
}

TEST(ForecastTest, WhatCannotBeDoneInTimeIsNotDoneAtAll) {
  EXPECT_EQ(ForecastCall({}, Due(milliseconds(25)), kNow, kNow, kCost, {}).done, TimePoint::max());
  const std::vector<QueuedCall> waiting = {Due(milliseconds(25)), Due(milliseconds(30))};
  EXPECT_EQ(ForecastCall(waiting, Due(milliseconds(40)), kNow, kNow, kCost, {}).done, TimePoint::max());
  // The first of those that wait is lost and will not run: only the second delays the newcomer.
  EXPECT_NEAR(DoneAfter(ForecastCall(waiting, Due(seconds(1)), kNow, kNow, kCost, {})), 52, 1e-3);
}

TEST(ForecastTest, EndedCallsCountForNothing) {
  std::vector<QueuedCall> waiting = {Due(seconds(1)), Due(seconds(-1))};
  waiting[0].finished = true;
  EXPECT_NEAR(DoneAfter(ForecastCall(waiting, Due(seconds(2)), kNow, kNow, kCost, {})), 26, 1e-3);
}

TEST(ForecastTest, ATightMemberClosesItsBatchEarly) {
  const std::vector<QueuedCall> waiting = {Due(milliseconds(30))};
  const Forecast forecast = ForecastCall(waiting, Due(seconds(1)), kNow, kNow, kCost, {.max_images = 8});
  EXPECT_GE(DoneAfter(forecast), 52);
  EXPECT_FALSE(forecast.makes_late);
}

TEST(ForecastTest, ABatchThatHasNotBegunIsExpectedToGrow) {
  const std::vector<QueuedCall> waiting = {Due(seconds(1)), Due(seconds(1)), Due(seconds(1))};
  const QueuedCall newcomer = Due(seconds(2));
  // Alone in the fourth batch; four wait, but no fourth picture pays.
  EXPECT_NEAR(DoneAfter(ForecastCall(waiting, newcomer, kNow, kNow, kCost, {.max_images = 1})), 104, 1e-3);
  EXPECT_NEAR(DoneAfter(ForecastCall(waiting, newcomer, kNow, kNow, kCost, {.max_images = 3})), 38 + 38, 1e-3);
  EXPECT_NEAR(DoneAfter(ForecastCall({}, newcomer, kNow, kNow + milliseconds(1), kCost, {.max_images = 3})), 27, 1e-3);
}

TEST(ForecastTest, SeesWhomItWouldMakeLate) {
  const std::vector<QueuedCall> waiting = {Due(milliseconds(40))};
  EXPECT_TRUE(ForecastCall(waiting, Due(milliseconds(30)), kNow, kNow, kCost, {}).makes_late);
  EXPECT_FALSE(ForecastCall(waiting, Due(milliseconds(60)), kNow, kNow, kCost, {}).makes_late);
  // Who is late anyway is not made so.
  const std::vector<QueuedCall> lost = {Due(milliseconds(20))};
  EXPECT_FALSE(ForecastCall(lost, Due(milliseconds(60)), kNow, kNow, kCost, {}).makes_late);
}

TEST(ForecastTest, WhoeverHasTimeIsAdmittedWhateverTheOrder) {
  std::vector<QueuedCall> waiting(100, Due(seconds(60)));
  // 100 of 26 ms each, and its own.
  EXPECT_TRUE(CheckReachable(waiting, Due(seconds(6)), kNow, kNow, kCost, {}).ok());
  EXPECT_TRUE(CheckReachable(waiting, Due(milliseconds(30)), kNow, kNow, kCost, {}).ok()) << "it may go first";
  waiting.assign(100, Due(milliseconds(2600)));
  const absl::Status refusal = CheckReachable(waiting, Due(milliseconds(2601)), kNow, kNow, kCost, {});
  EXPECT_EQ(ReasonOf(refusal), "DEADLINE_UNREACHABLE");
  EXPECT_EQ(refusal.message(), "the calls ahead leave no time for this one; its deadline is in 2601 ms");
  EXPECT_EQ(CheckReachable(waiting, Due(milliseconds(30)), kNow, kNow, kCost, {}).message(),
            "this call would make one late that was here before; its deadline is in 30 ms");
}

TEST(ForecastTest, LeavesRoomForItsOwnErrorAndForTheAnswersWay) {
  BatchCost cost = kCost;
  cost.spread = 0.5;
  EXPECT_EQ(CheckReachable({}, Due(milliseconds(39)), kNow, kNow, cost, {}).message(),
            "this call would be done in about 26 ms; its deadline is in 39 ms");
  EXPECT_TRUE(CheckReachable({}, Due(milliseconds(40)), kNow, kNow, cost, {}).ok());
}

}  // namespace
}  // namespace lqvg::serving
