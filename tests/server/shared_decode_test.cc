#include "server/shared_decode.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "image/rejection.h"
#include "tests/support/fake_clock.h"
#include "tests/support/gate.h"

namespace lqvg::serving {
namespace {

class SharedDecodeTest : public testing::Test {
 protected:
  struct Joined {
    std::shared_ptr<Call> call;
    absl::StatusOr<PreparedPicture> picture = absl::UnknownError("not yet");
    std::thread thread;
  };

  ~SharedDecodeTest() override {
    gate_.Open();
    for (const auto& joined : joined_) {
      if (joined->thread.joinable()) joined->thread.join();
    }
  }

  // Decodes at the gate, and returns a picture of the width that is the number of decodings.
  absl::StatusOr<PreparedPicture> Decode() {
    gate_.Pass();
    PreparedPicture picture;
    picture.answer.image_width = ++decoded_;
    return picture;
  }

  Joined& Join(const std::string& key, std::function<absl::StatusOr<PreparedPicture>()> decode) {
    joined_.push_back(std::make_unique<Joined>());
    Joined& joined = *joined_.back();
    joined.call = std::make_shared<Call>(
        clock_, clock_.Now() + std::chrono::hours(1), nullptr, [](const CallOutcome&) {}, AdmissionSlot());
    joined.thread = std::thread([this, &joined, key, decode = std::move(decode)] {
      try {
        joined.picture = shared_.Join(key, *joined.call, decode);
      } catch (const std::exception& error) {
        joined.picture = absl::UnknownError(error.what());
      }
    });
    return joined;
  }
  Joined& Join(const std::string& key) {
    return Join(key, [this] { return Decode(); });
  }

  void AwaitWaiting(std::size_t count) {
    while (shared_.waiting() < count) std::this_thread::yield();
  }

  // The first of three ends as `end` does, without pixels. How many of the others decode depends on whether the last
  // one comes back while the second decodes.
  void ExpectAnotherDecodesAfter(const std::function<absl::Status()>& end) {
    Joined& first = Join("a", [this, end]() -> absl::StatusOr<PreparedPicture> {
      gate_.Pass();
      return end();
    });
    gate_.WaitForArrivals(1);
    Joined& second = Join("a");
    Joined& third = Join("a");
    AwaitWaiting(2);
    gate_.Open();
    for (Joined* const joined : {&first, &second, &third}) joined->thread.join();
    EXPECT_FALSE(first.picture.ok());
    EXPECT_TRUE(second.picture.ok());
    EXPECT_TRUE(third.picture.ok());
    EXPECT_GE(decoded_, 1);
  }

  FakeClock clock_;
  Gate gate_;
  std::atomic<int> decoded_ = 0;
  SharedDecode shared_;
  std::vector<std::unique_ptr<Joined>> joined_;
};

TEST_F(SharedDecodeTest, OnceForAllWhoAskAtTheSameTime) {
  Join("a");
  gate_.WaitForArrivals(1);
  Join("a");
  Join("a");
  AwaitWaiting(2);
  gate_.Open();
  for (const auto& joined : joined_) {
    joined->thread.join();
    ASSERT_TRUE(joined->picture.ok());
    EXPECT_EQ(joined->picture->answer.image_width, 1);
  }
  Joined& later = Join("a");
  later.thread.join();
  EXPECT_EQ(later.picture->answer.image_width, 2) << "nothing is kept";
}

TEST_F(SharedDecodeTest, OtherPicturesAndThoseWithoutAKeyAreDecodedForThemselves) {
  Join("a");
  Join("b");
  Join("");
  Join("");
  gate_.WaitForArrivals(4);
  EXPECT_EQ(shared_.waiting(), 0u);
}

TEST_F(SharedDecodeTest, AFailureIsEverybodys) {
  Joined& first = Join("a", [this]() -> absl::StatusOr<PreparedPicture> {
    gate_.Pass();
    return Reject(absl::StatusCode::kInvalidArgument, "IMAGE_CORRUPT", "truncated");
  });
  gate_.WaitForArrivals(1);
  Joined& second = Join("a");
  AwaitWaiting(1);
  gate_.Open();
  first.thread.join();
  second.thread.join();
  EXPECT_EQ(ReasonOf(first.picture.status()), "IMAGE_CORRUPT");
  EXPECT_EQ(ReasonOf(second.picture.status()), "IMAGE_CORRUPT");
  EXPECT_EQ(decoded_, 0);
}

TEST_F(SharedDecodeTest, WhenTheOneWhoDecodesLeavesAnotherDoes) {
  ExpectAnotherDecodesAfter([] { return absl::CancelledError("left"); });
}

TEST_F(SharedDecodeTest, WhenTheOneWhoDecodesThrowsAnotherDoes) {
  ExpectAnotherDecodesAfter([]() -> absl::Status { throw std::runtime_error("thrown"); });
}

TEST_F(SharedDecodeTest, WhoeverWaitsStopsWhenItsCallEnds) {
  Join("a");
  gate_.WaitForArrivals(1);
  Joined& second = Join("a");
  AwaitWaiting(1);
  second.call->Cancel();
  second.thread.join();
  EXPECT_TRUE(absl::IsCancelled(second.picture.status()));
  EXPECT_EQ(shared_.waiting(), 0u);
}

TEST_F(SharedDecodeTest, ManyThreadsManyPictures) {
  gate_.Open();
  std::vector<std::thread> threads;
  threads.reserve(4);
  std::atomic<int> answered = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 500; ++round) {
        Call call(
            clock_, clock_.Now() + std::chrono::hours(1), nullptr, [](const CallOutcome&) {}, AdmissionSlot());
        const auto picture = shared_.Join(std::to_string(round / 10), call, [&]() -> absl::StatusOr<PreparedPicture> {
          if ((round + i) % 7 == 0) return absl::CancelledError("left");
          return PreparedPicture{.canvas = {}, .answer = {.image_width = round / 10}};
        });
        if (!picture.ok()) continue;
        ++answered;
        EXPECT_EQ(picture->answer.image_width, round / 10);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(answered, 4 * 500 * 6 / 7 - 4);
  EXPECT_EQ(shared_.waiting(), 0u);
}

}  // namespace
}  // namespace lqvg::serving
