#include "server/choose_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <random>
#include <set>
#include <string_view>
#include <vector>

namespace lqvg::serving {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const TimePoint kNow = TimePoint() + seconds(1000);

QueuedCall Due(Duration deadline, std::string_view image_key = "", int expression_count = 1) {
  return {.arrival = kNow, .deadline = kNow + deadline, .image_key = image_key, .expression_count = expression_count};
}

TEST(ChooseBatchTest, ChoosesNothingFromAnEmptyQueue) {
  const BatchChoice choice = ChooseBatch({}, kNow, {}, {});
  EXPECT_THAT(choice.run, IsEmpty());
  EXPECT_EQ(choice.wake_at, TimePoint::max());
}

TEST(ChooseBatchTest, RunsTheEarliestDeadlineFirst) {
  const std::vector<QueuedCall> queue = {Due(seconds(3)), Due(seconds(1)), Due(seconds(2))};
  EXPECT_THAT(ChooseBatch(queue, kNow, {}, {.max_images = 1}).run, ElementsAre(1));
  EXPECT_THAT(ChooseBatch(queue, kNow, {}, {.max_images = 3}).run, ElementsAre(1, 2, 0));
}

TEST(ChooseBatchTest, EqualDeadlinesRunInOrderOfArrivalThenOfTheQueue) {
  std::vector<QueuedCall> queue = {Due(seconds(3)), Due(seconds(3)), Due(seconds(3))};
  queue[2].arrival -= milliseconds(1);
  EXPECT_THAT(ChooseBatch(queue, kNow, {}, {.max_images = 3}).run, ElementsAre(2, 0, 1));
}

TEST(ChooseBatchTest, ACallThatWaitedOutItsPatienceIsNoLongerOvertaken) {
  std::vector<QueuedCall> queue = {Due(seconds(60)), Due(milliseconds(10))};
  const BatchLimits limits = {.patience = seconds(5)};
  EXPECT_THAT(ChooseBatch(queue, kNow, {}, limits).run, ElementsAre(1));
  queue[0].arrival = kNow - seconds(5);
  EXPECT_THAT(ChooseBatch(queue, kNow, {}, limits).run, ElementsAre(0));
}

TEST(ChooseBatchTest, SkipsFinishedAndExpiredCalls) {
  std::vector<QueuedCall> queue = {Due(seconds(1)), Due(seconds(0)), Due(seconds(-1)), Due(seconds(2))};
  queue[0].finished = true;
  EXPECT_THAT(ChooseBatch(queue, kNow, {}, {.max_images = 9}).run, ElementsAre(3));
}

TEST(ChooseBatchTest, CallsAboutTheHeadsPictureJoinItBeforeMoreUrgentOnes) {
  const std::vector<QueuedCall> queue = {Due(seconds(1), "a"), Due(seconds(2), "b"), Due(seconds(3), "a"),
                                         Due(seconds(4), "b")};
  EXPECT_THAT(ChooseBatch(queue, kNow, {}, {.max_images = 1}).run, ElementsAre(0, 2));
  EXPECT_THAT(ChooseBatch(queue, kNow, {}, {.max_images = 2}).run, ElementsAre(0, 2, 1, 3));
  EXPECT_THAT(ChooseBatch(queue, kNow, {}, {.max_images = 2, .max_expressions = 2}).run, ElementsAre(0, 2));
}

TEST(ChooseBatchTest, PicturesWithoutAKeyAreAllDifferent) {
  const std::vector<QueuedCall> queue = {Due(seconds(1)), Due(seconds(2))};
  EXPECT_THAT(ChooseBatch(queue, kNow, {}, {.max_images = 1}).run, ElementsAre(0));
}

TEST(ChooseBatchTest, PassesOverACallThatDoesNotFitAndTakesASmallerOne) {
  const std::vector<QueuedCall> queue = {Due(seconds(1), "", 3), Due(seconds(2), "", 3), Due(seconds(3), "", 1)};
  EXPECT_THAT(ChooseBatch(queue, kNow, {}, {.max_images = 9, .max_expressions = 4}).run, ElementsAre(0, 2));
}

TEST(ChooseBatchTest, ACallOfMoreExpressionsThanFitRunsAlone) {
  const std::vector<QueuedCall> queue = {Due(seconds(1), "a", 9), Due(seconds(2), "a", 1)};
  EXPECT_THAT(ChooseBatch(queue, kNow, {}, {.max_images = 9, .max_expressions = 4}).run, ElementsAre(0));
}

TEST(ChooseBatchTest, WaitsForCompanyUntilTheDelayHasPassed) {
  std::vector<QueuedCall> queue = {Due(seconds(10)), Due(seconds(20))};
  queue[0].arrival = kNow - milliseconds(3);
  const BatchLimits limits = {.max_images = 3, .max_queue_delay = milliseconds(10)};
  const BatchChoice early = ChooseBatch(queue, kNow, {}, limits);
  EXPECT_THAT(early.run, IsEmpty());
  EXPECT_EQ(early.wake_at, kNow + milliseconds(7));
  EXPECT_THAT(ChooseBatch(queue, kNow + milliseconds(7), {}, limits).run, ElementsAre(0, 1));
}

TEST(ChooseBatchTest, DoesNotWaitOnceALimitIsReached) {
  const BatchLimits limits = {.max_images = 2, .max_expressions = 4, .max_queue_delay = seconds(1)};
  const std::vector<QueuedCall> images = {Due(seconds(60)), Due(seconds(60))};
  EXPECT_THAT(ChooseBatch(images, kNow, {}, limits).run, ElementsAre(0, 1));
  const std::vector<QueuedCall> expressions = {Due(seconds(60), "a", 2), Due(seconds(60), "a", 2)};
  EXPECT_THAT(ChooseBatch(expressions, kNow, {}, limits).run, ElementsAre(0, 1));
  const std::vector<QueuedCall> passed_over = {Due(seconds(60), "a", 2), Due(seconds(61), "a", 3)};
  EXPECT_THAT(ChooseBatch(passed_over, kNow, {}, limits).run, ElementsAre(0));
}

TEST(ChooseBatchTest, ATightMemberClosesTheBatchEarly) {
  const std::vector<QueuedCall> queue = {Due(milliseconds(50))};
  const BatchLimits limits = {.max_images = 2, .max_queue_delay = milliseconds(100)};
  EXPECT_EQ(ChooseBatch(queue, kNow, {}, limits).wake_at, kNow + milliseconds(5));
  EXPECT_THAT(ChooseBatch(queue, kNow + milliseconds(5), {}, limits).run, ElementsAre(0));
}

// 20 ms, 5 ms a picture, 1 ms a pair.
constexpr BatchCost kCost = {.fixed_seconds = 0.020, .image_seconds = 0.005, .expression_seconds = 0.001};

TEST(ChooseBatchTest, TellsWhenTheBatchIsDone) {
  const std::vector<QueuedCall> queue = {Due(seconds(1), "a"), Due(seconds(2), "a", 2), Due(seconds(3), "b")};
  EXPECT_EQ(ChooseBatch(queue, kNow, kCost, {.max_images = 2}).done_at, kNow + milliseconds(34));
}

TEST(ChooseBatchTest, ABatchDoesNotGrowBeyondWhatItsTightestMemberCanWaitFor) {
  const std::vector<QueuedCall> queue = {Due(milliseconds(33)), Due(seconds(2)), Due(seconds(3))};
  EXPECT_THAT(ChooseBatch(queue, kNow, kCost, {.max_images = 9}).run, ElementsAre(0, 1));
}

TEST(ChooseBatchTest, WhatCanStillBeDoneGoesBeforeWhatCannot) {
  const std::vector<QueuedCall> queue = {Due(milliseconds(20)), Due(seconds(2))};
  EXPECT_THAT(ChooseBatch(queue, kNow, kCost, {}).run, ElementsAre(1));
}

TEST(ChooseBatchTest, WhenNothingCanBeDoneInTimeTheDeviceTriesAllTheSame) {
  const std::vector<QueuedCall> queue = {Due(milliseconds(22)), Due(milliseconds(20))};
  EXPECT_THAT(ChooseBatch(queue, kNow, kCost, {.max_images = 9}).run, ElementsAre(1));
}

TEST(ChooseBatchTest, PicturesJoinOnlyWhereThatPays) {
  const std::vector<QueuedCall> queue(8, Due(seconds(2)));
  constexpr BatchCost kOneByOne = {.image_seconds = 0.020};
  EXPECT_THAT(ChooseBatch(queue, kNow, kOneByOne, {.max_images = 8}).run, ElementsAre(0));
  EXPECT_EQ(ChooseBatch(queue, kNow, {.fixed_seconds = 0.020}, {.max_images = 8}).run.size(), 8u);
  // Those in the batch wait 6 ms each for one more, and everyone who is left behind waits 20 ms less.
  EXPECT_EQ(ChooseBatch(queue, kNow, kCost, {.max_images = 8}).run.size(), 7u);
}

TEST(ChooseBatchTest, ExpressionsOfOnePictureJoinWherePicturesDoNotPay) {
  const std::vector<QueuedCall> queue = {Due(seconds(1), "a"), Due(seconds(2), "b"), Due(seconds(3), "a")};
  constexpr BatchCost kOneByOne = {.image_seconds = 0.020, .expression_seconds = 0.010};
  EXPECT_THAT(ChooseBatch(queue, kNow, kOneByOne, {.max_images = 8}).run, ElementsAre(0, 2));
}

TEST(ChooseBatchTest, KnownPicturesCostNoImagePart) {
  std::vector<QueuedCall> queue = {Due(seconds(1), "a"), Due(seconds(2), "b"), Due(seconds(3), "c")};
  for (QueuedCall& call : queue) call.picture_known = true;
  const BatchChoice choice = ChooseBatch(queue, kNow, kCost, {.max_images = 1});
  EXPECT_THAT(choice.run, ElementsAre(0, 1, 2));
  EXPECT_EQ(choice.done_at, kNow + milliseconds(23));
}

TEST(ChooseBatchTest, DoesNotWaitForCompanyUntilItIsTooLate) {
  const std::vector<QueuedCall> queue = {Due(milliseconds(30))};
  const BatchLimits limits = {.max_images = 2, .max_queue_delay = milliseconds(100)};
  EXPECT_EQ(ChooseBatch(queue, kNow, kCost, limits).wake_at, kNow + milliseconds(3));
  const std::vector<QueuedCall> tighter = {Due(milliseconds(27))};
  EXPECT_EQ(ChooseBatch(tighter, kNow, kCost, limits).wake_at, kNow + milliseconds(1));
}

// Random queues, judged by the rules of the header and not by a second implementation.
class ChooseBatchPropertyTest : public testing::TestWithParam<unsigned> {
 protected:
  int Draw(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

  std::vector<QueuedCall> DrawQueue() {
    static constexpr std::string_view kKeys[] = {"", "a", "b", "c"};
    std::vector<QueuedCall> queue(static_cast<std::size_t>(Draw(0, 20)));
    for (QueuedCall& call : queue) {
      call.arrival = kNow - milliseconds(Draw(0, 8000));
      call.deadline = kNow + milliseconds(Draw(-100, 3000));
      call.image_key = kKeys[Draw(0, 3)];
      call.expression_count = Draw(1, 8);
      call.finished = Draw(0, 4) == 0;
    }
    return queue;
  }

  BatchLimits DrawLimits() {
    return {.max_images = Draw(1, 4),
            .max_expressions = Draw(1, 16),
            .max_queue_delay = milliseconds(Draw(0, 1) * Draw(1, 500)),
            .patience = milliseconds(Draw(100, 6000))};
  }

  std::mt19937 random_{GetParam()};
};

bool MayRun(const QueuedCall& call) { return !call.finished && call.deadline > kNow; }

int ImagesOf(const std::vector<QueuedCall>& queue, const std::vector<std::size_t>& run) {
  std::set<std::string_view> keys;
  int unshared = 0;
  for (const std::size_t i : run) queue[i].image_key.empty() ? void(++unshared) : void(keys.insert(queue[i].image_key));
  return unshared + static_cast<int>(keys.size());
}

int ExpressionsOf(const std::vector<QueuedCall>& queue, const std::vector<std::size_t>& run) {
  int sum = 0;
  for (const std::size_t i : run) sum += queue[i].expression_count;
  return sum;
}

TEST_P(ChooseBatchPropertyTest, KeepsThePolicy) {
  for (int round = 0; round < 500; ++round) {
    const std::vector<QueuedCall> queue = DrawQueue();
    const BatchLimits limits = DrawLimits();
    const BatchChoice choice = ChooseBatch(queue, kNow, {}, limits);
    EXPECT_EQ(ChooseBatch(queue, kNow, {}, limits).run, choice.run) << "not deterministic";

    const bool any_may_run = std::any_of(queue.begin(), queue.end(), MayRun);
    if (choice.run.empty()) {
      // Nothing to run, or a wait that ends, and only where waiting is allowed.
      if (any_may_run) {
        EXPECT_GT(limits.max_queue_delay, Duration(0)) << "not work-conserving";
        EXPECT_GT(choice.wake_at, kNow);
        EXPECT_FALSE(ChooseBatch(queue, choice.wake_at, {}, limits).run.empty()) << "woke too early";
      }
      continue;
    }
    EXPECT_EQ(std::set(choice.run.begin(), choice.run.end()).size(), choice.run.size()) << "chosen twice";
    for (const std::size_t i : choice.run) EXPECT_TRUE(MayRun(queue[i]));
    EXPECT_LE(ImagesOf(queue, choice.run), limits.max_images);
    EXPECT_TRUE(choice.run.size() == 1 || ExpressionsOf(queue, choice.run) <= limits.max_expressions);

    const QueuedCall& head = queue[choice.run.front()];
    for (const QueuedCall& call : queue) {
      if (!MayRun(call)) continue;
      EXPECT_LE(head.arrival, call.arrival + limits.patience) << "overtaken by one that came much later";
      EXPECT_TRUE(head.deadline <= call.deadline || head.arrival + limits.patience <= call.deadline)
          << "a later deadline went first without having waited";
    }
    // Nothing that would still fit was left behind.
    for (std::size_t i = 0; i < queue.size(); ++i) {
      if (!MayRun(queue[i]) || std::count(choice.run.begin(), choice.run.end(), i) > 0) continue;
      std::vector<std::size_t> with = choice.run;
      with.push_back(i);
      EXPECT_TRUE(ImagesOf(queue, with) > limits.max_images || ExpressionsOf(queue, with) > limits.max_expressions);
    }
  }
}

TEST_P(ChooseBatchPropertyTest, EveryCallRunsBeforeAnyThatArrivedMuchLaterUnderOverload) {
  const BatchLimits limits = {.max_images = 2, .max_expressions = 8, .patience = milliseconds(200)};
  // One step serves one batch and lets in more than a batch; deadlines are far, so that nothing expires.
  std::vector<QueuedCall> queue;
  TimePoint now = kNow;
  for (int step = 0; step < 300; ++step) {
    for (int i = 0; i < 4; ++i) {
      queue.push_back(
          {.arrival = now, .deadline = now + milliseconds(Draw(1, 600'000)), .expression_count = Draw(1, 8)});
    }
    std::erase_if(queue, [&](const QueuedCall& call) { return call.deadline <= now; });
    const BatchChoice choice = ChooseBatch(queue, now, {}, limits);
    ASSERT_FALSE(choice.run.empty());
    const TimePoint oldest = std::min_element(queue.begin(), queue.end(), [](const auto& a, const auto& b) {
                               return a.arrival < b.arrival;
                             })->arrival;
    EXPECT_LE(queue[choice.run.front()].arrival, oldest + limits.patience);
    std::vector<std::size_t> served = choice.run;
    std::sort(served.rbegin(), served.rend());
    for (const std::size_t i : served) queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(i));
    now += milliseconds(10);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ChooseBatchPropertyTest, testing::Range(1u, 9u));

}  // namespace
}  // namespace lqvg::serving
