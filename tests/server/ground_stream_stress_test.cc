// Hundreds of streams at once, each left by its client in some way at some moment: no item is answered twice or
// forgotten, every call is recorded once, and nothing is left inside.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/server/ground_stream_fixture.h"

namespace lqvg::serving {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kLong(60);  // longer than any of these tests may take
constexpr int kClients = 6;
constexpr int kStreamsEach = 50;

class GroundStreamStressTest : public GroundStreamTest {
 protected:
  enum class Fate { kHalfClose, kCancelWhileWriting, kCancelWhileReading, kDeadline, kLast = kDeadline };

  CallObserver Counter() {
    return [this](const FinishedCall& call) { ++(call.whole_stream ? whole_streams_ : items_); };
  }

  static v1::GroundStreamRequest RandomItem(std::mt19937& dice) {
    switch (dice() % 4) {
      case 0:
        return v1::GroundStreamRequest();  // refused when it is read
      case 1:
        return ItemWithTimeout(milliseconds(1 + dice() % 3));
      default:
        return GoodItem();
    }
  }

  void RunStream(v1::GroundingService::Stub& stub, std::mt19937& dice) {
    const auto fate = static_cast<Fate>(dice() % (static_cast<unsigned>(Fate::kLast) + 1));
    const std::uint64_t items = dice() % 40;
    const std::uint64_t patience = dice() % 40;  // items written, or answers read, until the client cancels
    const milliseconds deadline(1 + dice() % 20);
    std::vector<v1::GroundStreamRequest> requests;
    for (std::uint64_t i = 0; i < items; ++i) requests.push_back(RandomItem(dice));
    ClientStream stream(stub, [&](grpc::ClientContext& context) {
      if (fate == Fate::kDeadline) context.set_deadline(std::chrono::system_clock::now() + deadline);
    });

    std::thread writer([&] {
      for (std::uint64_t i = 0; i < items && stream.Write(requests[i]); ++i) {
        if (fate == Fate::kCancelWhileWriting && i == patience) stream.context.TryCancel();
      }
      stream.HalfClose();
    });
    std::vector<int> answers(items);
    std::uint64_t read = 0;
    stream.ReadEach([&](const v1::GroundStreamResponse& response) {
      ASSERT_LT(response.sequence(), items);
      ++answers[response.sequence()];
      if (fate == Fate::kCancelWhileReading && read++ == patience) stream.context.TryCancel();
    });
    writer.join();
    const grpc::Status status = stream.Finish();

    const int most = answers.empty() ? 1 : *std::max_element(answers.begin(), answers.end());
    const int least = answers.empty() ? 1 : *std::min_element(answers.begin(), answers.end());
    if (most > 1 || (status.ok() && least < 1)) ++wrong_;
    if (status.ok()) {
      ++finished_;
    } else if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
      EXPECT_THAT(ReasonOf(status), testing::AnyOf("STREAM_AGED", "SHUTTING_DOWN"));
      ++stopped_;
    } else {
      EXPECT_THAT(status.error_code(),
                  testing::AnyOf(grpc::StatusCode::CANCELLED, grpc::StatusCode::DEADLINE_EXCEEDED));
      ++left_;
    }
  }

  void RunClient(unsigned seed) {
    std::mt19937 dice(seed);
    const auto stub = v1::GroundingService::NewStub(NewChannel());
    for (int i = 0; i < kStreamsEach; ++i) RunStream(*stub, dice);
  }

  // What must hold when every client is done.
  void ExpectNothingLeft() {
    const TimePoint begun = clock().Now();
    server().BeginDrain();
    server().AwaitAnswersSent(begun + kLong);
    EXPECT_LT(clock().Now() - begun, kLong / 2);
    server().Shutdown(begun + kLong);  // waits until the library is done with every RPC
    EXPECT_LT(clock().Now() - begun, kLong / 2);

    EXPECT_EQ(wrong_, 0);
    EXPECT_EQ(finished_ + stopped_ + left_, kClients * kStreamsEach);
    EXPECT_EQ(static_cast<std::uint64_t>(items_), pipeline().occupancy().received);
    EXPECT_GE(whole_streams_, stopped_);
    EXPECT_LE(whole_streams_, kClients * kStreamsEach - finished_);
    EXPECT_EQ(pipeline().occupancy().in_flight, 0);
    EXPECT_EQ(pipeline().occupancy().bytes, 0u);
    RecordProperty("items", items_);
    RecordProperty("finished", finished_);
    RecordProperty("stopped", stopped_);
    RecordProperty("left", left_);
  }

  std::atomic<int> items_ = 0, whole_streams_ = 0;                      // recorded
  std::atomic<int> finished_ = 0, stopped_ = 0, left_ = 0, wrong_ = 0;  // as the clients see it
};

TEST_F(GroundStreamStressTest, StreamsThatAreLeftAtAnyMomentLeaveNothingBehind) {
  StartServer(Counter());
  Open();

  std::vector<std::thread> clients;
  for (unsigned i = 0; i < kClients; ++i) clients.emplace_back([this, i] { RunClient(i); });
  for (std::thread& client : clients) client.join();

  ExpectNothingLeft();
  EXPECT_GT(finished_, kStreamsEach / 2);
  EXPECT_GT(left_, kStreamsEach / 2);
  EXPECT_EQ(stopped_, 0);
}

TEST_F(GroundStreamStressTest, NorDoThoseThatTheServerEndsMeanwhile) {
  server_options().max_stream_age = milliseconds(3);
  StartServer(Counter());
  Open();

  std::vector<std::thread> clients;
  for (unsigned i = 0; i < kClients; ++i) clients.emplace_back([this, i] { RunClient(100 + i); });
  while (finished_ + stopped_ + left_ < kClients * kStreamsEach * 3 / 4) std::this_thread::yield();
  server().BeginDrain();
  for (std::thread& client : clients) client.join();

  ExpectNothingLeft();
  EXPECT_GT(stopped_, kStreamsEach);
}

// The model runs nothing here: an item that missed its stream's cancellation would stay.
TEST_F(HeldGroundStreamTest, NoItemIsForgottenThatComesWhenItsClientLeaves) {
  StartAndOpen();
  for (std::uint64_t i = 0; i < 500; ++i) {
    const std::uint64_t before = pipeline().occupancy().received;
    ClientStream stream(stub());
    for (int item = 0; item < 16; ++item) stream.Write(GoodItem());
    AwaitRead(before + 1 + i % 8);
    stream.context.TryCancel();
    EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  const TimePoint begun = clock().Now();

  server().AwaitAnswersSent(begun + kLong);

  EXPECT_LT(clock().Now() - begun, kLong / 2);
  // A cancelled stream need not wait for the thread that ends its last item, which may be about to give its place back.
  EXPECT_TRUE(pipeline().WaitIdle(begun + kLong));
  EXPECT_EQ(pipeline().occupancy().in_flight, 0);
}

}  // namespace
}  // namespace lqvg::serving
