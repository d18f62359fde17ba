#include "server/batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "tests/server/batcher_fixture.h"

namespace lqvg::serving {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(BatcherTest, AnswersACallAndNotesItsTimes) {
  Start();
  Submitted first = SubmitAndHold();
  Submitted second = Submit("second", {2, 3});
  clock_.Advance(milliseconds(20));
  gate_.Open();
  EXPECT_TRUE(first.answered_right());
  EXPECT_TRUE(second.answered_right());
  EXPECT_EQ(first.log->Wait().times.model, milliseconds(20));
  EXPECT_EQ(second.log->Wait().times.batch_queue, milliseconds(20));
}

TEST_F(BatcherTest, QueuedCallsOfOnePictureRunTogether) {
  Start();
  Submitted first = SubmitAndHold();
  Submitted a = Submit("same", {2});
  Submitted other = Submit("other", {2});
  Submitted b = Submit("same", {3});
  gate_.Open();
  EXPECT_TRUE(a.answered_right() && b.answered_right() && other.answered_right());
  EXPECT_EQ(b.log->Wait().answer->image_cache, ImageCacheOutcome::kShared);
  EXPECT_EQ(b.log->Wait().answer->batch_expressions, 2);
  EXPECT_EQ(other.log->Wait().answer->image_cache, ImageCacheOutcome::kOff);
  EXPECT_EQ(grounder_.images_encoded, 3);
}

TEST_F(BatcherTest, WhatExpiredInTheQueueIsNeverRun) {
  Start();
  Submitted first = SubmitAndHold();
  Submitted expired = Submit("expired", {2}, seconds(1));
  clock_.Advance(seconds(1));
  gate_.Open();
  EXPECT_EQ(ReasonOf(expired.log->Wait()), "EXPIRED_IN_QUEUE");
  EXPECT_TRUE(first.answered_right());
  batcher_->Stop();
  EXPECT_EQ(grounder_.images_encoded, 1);
  ASSERT_EQ(reports_.size(), 1u);
  EXPECT_EQ(reports_[0].expired_executed, 0);
}

TEST_F(BatcherTest, WhatWasCancelledInTheQueueIsNeverRun) {
  Start();
  Submitted first = SubmitAndHold();
  Submitted cancelled = Submit("cancelled", {2});
  Submitted last = Submit("last", {3});
  cancelled.call->Cancel();
  gate_.Open();
  EXPECT_TRUE(last.answered_right());
  EXPECT_EQ(grounder_.images_encoded, 2);
}

TEST_F(BatcherTest, TheFaultOfOneCallStaysItsOwn) {
  Start({.max_images = 8});
  Submitted first = SubmitAndHold();
  Submitted good = Submit("a", {2});
  Submitted failing = Submit("b", {FakeGrounder::kFailToken});
  Submitted throwing = Submit("c", {FakeGrounder::kThrowToken});
  Submitted also_good = Submit("a", {4});
  gate_.Open();
  EXPECT_TRUE(good.answered_right());
  EXPECT_TRUE(also_good.answered_right());
  EXPECT_EQ(ReasonOf(failing.log->Wait()), "INTERNAL_ERROR");
  EXPECT_EQ(ReasonOf(throwing.log->Wait()), "INTERNAL_ERROR");
  batcher_->Stop();
  EXPECT_EQ(reports_.size(), 1u + 1u + 2u + 2u) << "the first, the failed batch, its halves, those of the bad one";
}

TEST_F(BatcherTest, ACallOfAFailedBatchThatExpiredMeanwhileIsNotRunAgain) {
  Start({.max_images = 8});
  Submitted first = SubmitAndHold();
  Submitted failing = Submit("a", {FakeGrounder::kFailToken});
  Submitted expiring = Submit("b", {2}, seconds(1));
  grounder_.before_ground = [this] {
    if (grounder_.images_encoded > 1) clock_.Advance(seconds(1));
    return absl::OkStatus();
  };
  gate_.Open();
  EXPECT_EQ(ReasonOf(expiring.log->Wait()), "EXPIRED_WHILE_RUNNING");
  EXPECT_EQ(ReasonOf(failing.log->Wait()), "INTERNAL_ERROR");
  batcher_->Stop();
  for (const BatchReport& report : reports_) EXPECT_EQ(report.expired_executed, 0);
}

TEST_F(BatcherTest, CallersDoNotReadTheModelsOwnWords) {
  Start();
  gate_.Open();
  Submitted failing = Submit("a", {FakeGrounder::kFailToken});
  EXPECT_EQ(failing.log->Wait().answer.status().message(), "the model failed");
  batcher_->Stop();
  EXPECT_EQ(reports_.at(0).status.message(), "tensor of /secret/path has the wrong shape");
}

TEST_F(BatcherTest, CallersReadWhatTheModelRejectsForThem) {
  grounder_.before_ground = [] {
    return Reject(absl::StatusCode::kResourceExhausted, "DEVICE_MEMORY", "does not fit");
  };
  Start();
  gate_.Open();
  EXPECT_EQ(ReasonOf(Submit("a", {2}).log->Wait()), "DEVICE_MEMORY");
}

TEST_F(BatcherTest, WhatDoesNotFitRunsInHalvesAndLaterBatchesAreNoLargerThanWhatDid) {
  Start({.max_images = 8});
  std::vector<std::size_t> pictures;
  grounder_.before_ground = [&] {
    pictures.push_back(static_cast<std::size_t>(grounder_.images_encoded));
    grounder_.images_encoded = 0;
    return pictures.back() <= 2 ? absl::OkStatus()
                                : Reject(absl::StatusCode::kResourceExhausted, "DEVICE_MEMORY", "does not fit");
  };
  Submitted first = SubmitAndHold();
  std::vector<Submitted> submitted;
  submitted.reserve(8);
  for (int i = 0; i < 4; ++i) submitted.push_back(Submit(std::to_string(i), {i + 2}));
  gate_.Open();
  for (Submitted& call : submitted) EXPECT_TRUE(call.answered_right());
  EXPECT_THAT(pictures, testing::ElementsAre(1, 4, 2, 2));

  gate_.Close();
  Submitted second = Submit("second", {1});
  gate_.WaitForArrivals(5);
  for (int i = 0; i < 4; ++i) submitted.push_back(Submit(std::to_string(i), {i + 2}));
  gate_.Open();
  for (Submitted& call : submitted) EXPECT_TRUE(call.answered_right());
  EXPECT_THAT(pictures, testing::ElementsAre(1, 4, 2, 2, 1, 2, 2));
}

TEST_F(BatcherTest, OneCallThatDoesNotFitRunsInSmallerSteps) {
  Start();
  gate_.Open();
  std::vector<int> steps;
  int pairs_before = 0;
  grounder_.before_ground = [&] {
    steps.push_back(grounder_.pairs_grounded - pairs_before);
    pairs_before = grounder_.pairs_grounded;
    return steps.size() <= 2 ? Reject(absl::StatusCode::kResourceExhausted, "DEVICE_MEMORY", "does not fit")
                             : absl::OkStatus();
  };
  EXPECT_TRUE(Submit("a", {2, 3, 4, 5, 6}).answered_right());
  EXPECT_EQ(grounder_.largest_step, 2) << "of five pairs: five, three, two at once";
}

TEST_F(BatcherTest, RefusesWhatTheMeasuredCostLeavesNoTimeFor) {
  Start();
  gate_.Open();
  TakeTime(milliseconds(100));
  EXPECT_TRUE(Announce(milliseconds(1)).ok()) << "nothing is known yet";
  EXPECT_TRUE(Submit("a", {2}).answered_right());

  const absl::Status refusal = Announce(milliseconds(90));
  EXPECT_EQ(ReasonOf(refusal), "DEADLINE_UNREACHABLE");
  EXPECT_EQ(refusal.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(refusal.message(), testing::HasSubstr("its deadline is in 90 ms"));
  EXPECT_TRUE(Announce(milliseconds(300)).ok());
  EXPECT_TRUE(Announce(milliseconds(190)).ok()) << "may go first";
  EXPECT_FALSE(Announce(milliseconds(195)).ok()) << "the call before is not decoded yet, but has its place";
  EXPECT_TRUE(Announce(milliseconds(500)).ok());
}

TEST_F(BatcherTest, APlaceEndsWithItsCall) {
  Start();
  gate_.Open();
  TakeTime(milliseconds(100));
  EXPECT_TRUE(Submit("a", {2}).answered_right());
  ASSERT_TRUE(Announce(milliseconds(150)).ok());
  EXPECT_FALSE(Announce(milliseconds(150)).ok());
  announced_.front()->Cancel();
  EXPECT_TRUE(Announce(milliseconds(150)).ok());
}

TEST_F(BatcherTest, ADeviceThatWasLongIdleTriesWhatSeemsTooLate) {
  Start();
  gate_.Open();
  TakeTime(milliseconds(100));
  EXPECT_TRUE(Submit("a", {2}).answered_right());
  EXPECT_FALSE(Announce(milliseconds(50)).ok());
  // The worker may not have noticed yet that its batch is over.
  do clock_.Advance(milliseconds(1100));
  while (!Announce(milliseconds(50)).ok());
  EXPECT_FALSE(Announce(milliseconds(50)).ok()) << "one at a time";
}

TEST_F(BatcherTest, AFullQueueRefusesAtOnceUntilACallInItEnds) {
  Start({}, 2);
  Submitted first = SubmitAndHold();
  Submitted a = Submit("a", {2});
  Submitted b = Submit("b", {2});
  Submitted refused = Submit("c", {2});
  EXPECT_EQ(ReasonOf(refused.log->Wait()), "QUEUE_FULL");
  EXPECT_EQ(refused.log->Wait().answer.status().message(), "the model's queue holds 2 calls, its limit");
  a.call->Cancel();
  Submitted accepted = Submit("d", {2});
  gate_.Open();
  EXPECT_TRUE(accepted.answered_right());
  EXPECT_TRUE(b.answered_right());
}

TEST_F(BatcherTest, StopAnswersTheQueueAndLetsTheRunningBatchEnd) {
  Start();
  Submitted running = SubmitAndHold();
  Submitted queued = Submit("queued", {2});
  std::thread stopping([this] { batcher_->Stop(); });
  EXPECT_EQ(ReasonOf(queued.log->Wait()), "SHUTTING_DOWN");
  EXPECT_FALSE(running.call->finished());
  gate_.Open();
  stopping.join();
  EXPECT_TRUE(running.answered_right());
  EXPECT_EQ(ReasonOf(Submit("late", {2}).log->Wait()), "SHUTTING_DOWN");
}

TEST_F(BatcherTest, WaitsForCompanyWhenToldTo) {
  Start({.max_images = 2, .max_queue_delay = milliseconds(10)});
  gate_.Open();
  Submitted a = Submit("a", {2});
  Submitted b = Submit("b", {3});
  EXPECT_EQ(a.log->Wait().answer->batch_images, 2);
  Submitted alone = Submit("c", {4});
  clock_.Advance(milliseconds(10));
  EXPECT_EQ(alone.log->Wait().answer->batch_images, 1);
}

}  // namespace
}  // namespace lqvg::serving
