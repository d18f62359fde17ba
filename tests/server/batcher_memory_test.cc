// The batcher when the device's memory is too small, for a while or for good.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "server/memory_limits.h"
#include "tests/server/batcher_fixture.h"

namespace lqvg::serving {
namespace {

using std::chrono::milliseconds;

// A batcher on a device that holds the features of `room_` pictures at once.
class BatcherMemoryTest : public BatcherTest {
 protected:
  using Batches = std::vector<int>;

  void SetUp() override {
    grounder_.before_ground = [this] {
      batches_.push_back(grounder_.images_encoded.exchange(0));
      return batches_.back() <= room_ ? absl::OkStatus()
                                      : Reject(absl::StatusCode::kResourceExhausted, "DEVICE_MEMORY", "does not fit");
    };
    Start({.max_images = 8});
  }

  // Eight calls that wait together, each about another picture: how many pictures their batches had, also those that
  // did not fit. Every call must be answered.
  Batches RunEight() {
    gate_.Close();
    Submitted held = Submit("held", {1});
    gate_.WaitForArrivals(++arrivals_);
    std::vector<Submitted> calls;
    calls.reserve(8);
    for (int i = 0; i < 8; ++i) calls.push_back(Submit(std::to_string(i), {i + 2}));
    gate_.Open();
    EXPECT_TRUE(held.answered_right());
    for (Submitted& call : calls) EXPECT_TRUE(call.answered_right());
    arrivals_ += static_cast<int>(batches_.size()) - 1;
    Batches batches(batches_.begin() + 1, batches_.end());
    batches_.clear();
    return batches;
  }

  int room_ = 8;     // changed while nothing runs
  Batches batches_;  // the worker's; read while nothing runs
  int arrivals_ = 0;
};

TEST_F(BatcherMemoryTest, BatchesGrowAgainWhenAShortageIsOver) {
  room_ = 2;
  EXPECT_EQ(RunEight(), (Batches{8, 4, 2, 2, 4, 2, 2}));
  EXPECT_EQ(batcher_->largest_batch().images, 2);
  room_ = 8;
  EXPECT_EQ(RunEight(), (Batches{2, 2, 2, 2})) << "at once is too early";
  clock_.Advance(MemoryLimit::kShortestWait);
  EXPECT_EQ(RunEight(), (Batches{2, 4, 2}));
  EXPECT_EQ(RunEight(), (Batches{4, 4}));
  clock_.Advance(MemoryLimit::kShortestWait);
  EXPECT_EQ(RunEight(), (Batches{4, 4}));
  EXPECT_EQ(RunEight(), (Batches{8}));
  EXPECT_EQ(batcher_->largest_batch().images, 8);
}

TEST_F(BatcherMemoryTest, WhatTheDeviceDoesNotHoldIsTriedEverMoreRarelyAndEveryCallIsAnswered) {
  room_ = 4;
  EXPECT_EQ(RunEight(), (Batches{8, 4, 4}));
  for (const int wait : {1, 2, 4, 8}) {
    clock_.Advance(wait * MemoryLimit::kShortestWait - milliseconds(1));
    EXPECT_EQ(RunEight(), (Batches{4, 4}));
    EXPECT_EQ(RunEight(), (Batches{4, 4})) << "before " << wait << " minutes";
    clock_.Advance(milliseconds(1));
    EXPECT_EQ(RunEight(), (Batches{4, 4}));
    EXPECT_EQ(RunEight(), (Batches{8, 4, 4})) << "after " << wait << " minutes";
  }
}

TEST_F(BatcherMemoryTest, ACallThatNeverFitsDoesNotKeepBatchesSmall) {
  gate_.Open();
  Submitted poison = Submit("poison", {FakeGrounder::kTooLargeToken, 2, 3, 4});
  EXPECT_EQ(ReasonOf(poison.log->Wait()), "DEVICE_MEMORY");
  EXPECT_EQ(batcher_->largest_batch().expressions, 1);
  for (const int expected : {2, 4, 8, 16, 32, 32}) {
    clock_.Advance(MemoryLimit::kShortestWait);
    std::vector<std::int32_t> tokens(32);
    for (int i = 0; i < 32; ++i) tokens[i] = i + 2;
    EXPECT_TRUE(Submit("a", tokens).answered_right());
    EXPECT_EQ(batcher_->largest_batch().expressions, expected);
  }
}

}  // namespace
}  // namespace lqvg::serving
