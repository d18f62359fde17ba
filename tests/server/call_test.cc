#include "server/call.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/support/outcome_log.h"

namespace lqvg::serving {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class CallTest : public testing::Test {
 protected:
  CallTest() { admission_.Open(); }

  std::shared_ptr<Call> MakeCall(Call::Parse parse = nullptr) {
    return std::make_shared<Call>(clock_, clock_.Now() + seconds(1), std::move(parse), log_.Recorder(),
                                  *admission_.Admit(10));
  }

  FakeClock clock_;
  Admission admission_{{}};
  OutcomeLog log_;
};

TEST_F(CallTest, TheFirstToFinishDecidesTheOutcome) {
  const std::shared_ptr<Call> call = MakeCall();
  EXPECT_FALSE(call->finished());
  EXPECT_TRUE(call->Finish(GroundAnswer{.image_width = 17}));
  EXPECT_TRUE(call->finished());
  EXPECT_FALSE(call->Cancel());
  EXPECT_FALSE(call->Expire());
  EXPECT_FALSE(call->Finish(absl::InternalError("late")));
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_EQ(log_.Wait().answer->image_width, 17);
}

TEST_F(CallTest, CancellingSaysThatTheClientLeft) {
  MakeCall()->Cancel();
  EXPECT_TRUE(absl::IsCancelled(log_.Wait().answer.status()));
  EXPECT_EQ(ReasonOf(log_.Wait()), "CLIENT_CANCELLED");
}

TEST_F(CallTest, ExpiringSaysWhetherTheModelHadBegun) {
  const std::shared_ptr<Call> waiting = MakeCall();
  const std::shared_ptr<Call> running = MakeCall();
  EXPECT_TRUE(running->BeginExecuting());
  EXPECT_TRUE(running->BeginExecuting()) << "a call of a failed batch begins again, alone";
  EXPECT_TRUE(waiting->Expire());
  EXPECT_TRUE(running->Expire());
  EXPECT_EQ(ReasonOf(log_.Wait(1)), "EXPIRED_IN_QUEUE");
  EXPECT_EQ(ReasonOf(log_.Wait(2)), "EXPIRED_WHILE_RUNNING");
  EXPECT_TRUE(absl::IsDeadlineExceeded(log_.Wait(2).answer.status()));
}

TEST_F(CallTest, AFinishedCallNeverBeginsExecuting) {
  const std::shared_ptr<Call> call = MakeCall();
  call->Cancel();
  EXPECT_FALSE(call->BeginExecuting());
}

TEST_F(CallTest, ACallThatIsLostIsAnsweredWithAnInternalError) {
  MakeCall().reset();
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_TRUE(absl::IsInternal(log_.Wait().answer.status()));
  EXPECT_EQ(ReasonOf(log_.Wait()), "INTERNAL_ERROR");
}

TEST_F(CallTest, ThePlaceIsFreeBeforeTheAnswerIsSentButTheCallCountsUntilItIs) {
  int in_flight = -1;
  bool idle = true;
  Call call(
      clock_, clock_.Now() + seconds(1), nullptr,
      [&](const CallOutcome&) {
        in_flight = admission_.occupancy().in_flight;
        idle = admission_.WaitIdle(clock_, clock_.Now());
      },
      *admission_.Admit(10));
  EXPECT_EQ(admission_.occupancy().pending, 1);
  EXPECT_TRUE(call.BeginExecuting());
  EXPECT_EQ(admission_.occupancy().pending, 0);
  call.Cancel();
  EXPECT_EQ(in_flight, 0);
  EXPECT_FALSE(idle);
  EXPECT_TRUE(admission_.WaitIdle(clock_, clock_.Now()));
}

TEST_F(CallTest, AFinishedCallLetsGoOfTheRequestAndOfDoneWhileItIsStillHeld) {
  const auto request = std::make_shared<std::string>("bytes");
  auto client = std::make_shared<int>(0);
  Call call(
      clock_, clock_.Now() + seconds(1),
      [request]() -> absl::StatusOr<GroundQuery> { return GroundQuery{.request_id = *request}; },
      [client](const CallOutcome&) {}, *admission_.Admit(10));
  EXPECT_EQ(request.use_count(), 2);
  EXPECT_EQ(client.use_count(), 2);
  call.Cancel();
  EXPECT_EQ(request.use_count(), 1);
  EXPECT_EQ(client.use_count(), 1);
}

TEST_F(CallTest, TheRequestIsHandedOutOnceAndNotAfterTheEnd) {
  const auto parse = []() -> absl::StatusOr<GroundQuery> { return GroundQuery{.request_id = "id"}; };
  const std::shared_ptr<Call> call = MakeCall(parse);
  Call::Parse taken = call->TakeParse();
  EXPECT_EQ(taken()->request_id, "id");
  EXPECT_FALSE(call->TakeParse());

  const std::shared_ptr<Call> finished = MakeCall(parse);
  finished->Cancel();
  EXPECT_FALSE(finished->TakeParse());
}

TEST_F(CallTest, TheOutcomeCarriesWhatWasMeasured) {
  const std::shared_ptr<Call> call = MakeCall();
  call->RecordRequestId("id-7");
  call->Record(&StageTimes::decode, milliseconds(3));
  call->Record(&StageTimes::model, milliseconds(5));
  clock_.Advance(milliseconds(40));
  call->Finish(GroundAnswer{});
  call->Record(&StageTimes::decode, milliseconds(99));
  const CallOutcome outcome = log_.Wait();
  EXPECT_EQ(outcome.request_id, "id-7");
  EXPECT_EQ(outcome.times.decode, milliseconds(3));
  EXPECT_EQ(outcome.times.model, milliseconds(5));
  EXPECT_EQ(outcome.times.batch_queue, milliseconds(0));
  EXPECT_EQ(outcome.total, milliseconds(40));
  EXPECT_EQ(outcome.slack, seconds(1) - milliseconds(40));
}

TEST_F(CallTest, WhoeverRacesToTheEndDoneRunsOnce) {
  constexpr std::size_t kRounds = 500;
  for (std::size_t round = 1; round <= kRounds; ++round) {
    std::shared_ptr<Call> call = MakeCall([]() -> absl::StatusOr<GroundQuery> { return GroundQuery{}; });
    std::vector<std::thread> racers;
    racers.emplace_back([call] { call->Cancel(); });
    racers.emplace_back([call] { call->Expire(); });
    racers.emplace_back([call] {
      call->TakeParse();
      call->Record(&StageTimes::prepare, milliseconds(1));
      call->RecordRequestId("id");
      if (call->BeginExecuting()) call->Finish(GroundAnswer{});
    });
    call.reset();
    for (std::thread& racer : racers) racer.join();
    ASSERT_EQ(log_.size(), round);
  }
  EXPECT_EQ(admission_.occupancy().in_flight, 0);
  EXPECT_EQ(admission_.occupancy().pending, 0);
}

TEST_F(CallTest, WakesWhoAskedAtItsEndAndNobodyWhoIsForgotten) {
  int first = 0, second = 0;
  const std::shared_ptr<Call> call = MakeCall();
  call->WakeAtEnd([&first] { ++first; });
  call->WakeAtEnd([&] {
    EXPECT_TRUE(call->finished());
    ++second;
  });
  call->Cancel();
  call->Finish(GroundAnswer{});
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);

  const std::shared_ptr<Call> other = MakeCall();
  other->WakeAtEnd([&second] { ++second; });
  other->WakeAtEnd(nullptr);
  other->Cancel();
  EXPECT_EQ(second, 1);
}

}  // namespace
}  // namespace lqvg::serving
