#include "server/pipeline.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "image/rejection.h"
#include "server/decode_budget.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_grounder.h"
#include "tests/support/gate.h"
#include "tests/support/outcome_log.h"
#include "tests/support/query_maker.h"

namespace lqvg::serving {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PipelineTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.decode_threads = 1;
    grounder_.before_encode_images = [this] { model_gate_.Pass(); };
  }

  void TearDown() override {
    model_gate_.Open();
    pipeline_.reset();
  }

  void Make() { pipeline_ = std::make_unique<Pipeline>(options_, clock_); }

  // With a budget, each picture takes 10 bytes of it.
  void MakeOpen(DecodeBudget* budget = nullptr) {
    Make();
    pipeline_->Open(grounder_, [this, budget](GroundQuery query, Call&) -> absl::StatusOr<Preparation> {
      absl::StatusOr<PreparedQuery> prepared = prepare_(std::move(query));
      if (budget == nullptr || !prepared.ok()) return prepared;
      return Preparation(*std::move(prepared),
                         [budget](PreparedQuery&, Call& call) { return budget->Reserve(10, call).status(); });
    });
  }

  std::shared_ptr<Call> Start(Call::Parse parse, std::optional<Duration> allowed = std::nullopt,
                              std::size_t bytes = 1) {
    std::optional<TimePoint> deadline;
    if (allowed) deadline = clock_.Now() + *allowed;
    return pipeline_->Start({.parse = std::move(parse), .done = log_.Recorder(), .deadline = deadline, .bytes = bytes});
  }

  // A call whose picture the pool's only thread waits to read, until the share is given back: it is all of `budget`, of
  // 10 bytes.
  std::shared_ptr<Call> HoldPool(DecodeBudget& budget, DecodeShare& share) {
    const auto other = std::make_shared<Call>(
        clock_, TimePoint::max(), nullptr, [](const CallOutcome&) {}, AdmissionSlot());
    share = *budget.Reserve(10, *other);
    std::shared_ptr<Call> call = Start(ParseAny);
    while (budget.waiting() == 0) std::this_thread::yield();
    return call;
  }

  static absl::StatusOr<GroundQuery> ParseAny() { return GroundQuery{.request_id = "any"}; }

  FakeClock clock_;
  FakeGrounder grounder_;
  Gate model_gate_;
  OutcomeLog log_;
  std::function<absl::StatusOr<PreparedQuery>(GroundQuery)> prepare_ = [](const GroundQuery&) {
    return MakeQuery("", 1, {10});
  };
  Pipeline::Options options_;
  std::unique_ptr<Pipeline> pipeline_;
};

TEST_F(PipelineTest, AnswersACallEndToEnd) {
  MakeOpen();
  model_gate_.Open();
  Start(ParseAny);
  const CallOutcome outcome = log_.Wait();
  EXPECT_TRUE(IsAnswerTo(*outcome.answer, MakeQuery("", 1, {10})));
  EXPECT_EQ(outcome.request_id, "any");
  EXPECT_TRUE(pipeline_->WaitIdle(TimePoint::max()));
  EXPECT_EQ(pipeline_->occupancy().in_flight, 0);
  EXPECT_EQ(pipeline_->occupancy().pending, 0);
  EXPECT_EQ(pipeline_->occupancy().bytes, 0u);
}

TEST_F(PipelineTest, RefusesBeforeTheModelIsLoadedAndWhileItDrains) {
  Make();
  EXPECT_TRUE(Start(ParseAny)->finished());
  EXPECT_EQ(ReasonOf(log_.Wait(1)), "MODEL_LOADING");
  MakeOpen();
  pipeline_->BeginDrain();
  EXPECT_TRUE(Start(ParseAny)->finished());
  EXPECT_EQ(ReasonOf(log_.Wait(2)), "SHUTTING_DOWN");
}

TEST_F(PipelineTest, RefusesWhatIsTooMuchAtOnce) {
  options_.admission = {.max_calls = 2, .max_bytes = 100};
  MakeOpen();
  EXPECT_TRUE(Start(ParseAny, std::nullopt, 101)->finished());
  EXPECT_EQ(ReasonOf(log_.Wait(1)), "MEMORY_BUDGET");
  const std::shared_ptr<Call> first = Start(ParseAny);
  const std::shared_ptr<Call> second = Start(ParseAny);
  EXPECT_TRUE(Start(ParseAny)->finished());
  EXPECT_EQ(ReasonOf(log_.Wait(2)), "QUEUE_FULL");
}

TEST_F(PipelineTest, CancellingFreesThePlaceAtOnceWhileTheModelStillRuns) {
  options_.admission.max_calls = 1;
  MakeOpen();
  const std::shared_ptr<Call> running = Start(ParseAny);
  model_gate_.WaitForArrivals(1);
  EXPECT_EQ(pipeline_->occupancy().pending, 0);
  EXPECT_EQ(pipeline_->occupancy().in_flight, 1);
  running->Cancel();
  EXPECT_EQ(ReasonOf(log_.Wait(1)), "CLIENT_CANCELLED");
  const std::shared_ptr<Call> next = Start(ParseAny);
  EXPECT_FALSE(next->finished());
  model_gate_.Open();
  EXPECT_TRUE(log_.Wait(2).answer.ok());
}

TEST_F(PipelineTest, ARejectedRequestKeepsItsReason) {
  MakeOpen();
  Start([]() -> absl::StatusOr<GroundQuery> {
    return Reject(absl::StatusCode::kInvalidArgument, "FIELD_REQUIRED", "image is required");
  });
  EXPECT_EQ(ReasonOf(log_.Wait(1)), "FIELD_REQUIRED");
  prepare_ = [](const GroundQuery&) {
    return Reject(absl::StatusCode::kInvalidArgument, "IMAGE_CORRUPT", "truncated");
  };
  Start(ParseAny);
  EXPECT_EQ(ReasonOf(log_.Wait(2)), "IMAGE_CORRUPT");
  EXPECT_EQ(log_.Wait(2).request_id, "any");
}

TEST_F(PipelineTest, ExceptionsOfParsingAndPreparingBecomeErrorsAndThePoolGoesOn) {
  MakeOpen();
  model_gate_.Open();
  Start([]() -> absl::StatusOr<GroundQuery> { throw std::runtime_error("parse"); });
  EXPECT_EQ(ReasonOf(log_.Wait(1)), "INTERNAL_ERROR");
  prepare_ = [](const GroundQuery&) -> absl::StatusOr<PreparedQuery> { throw 7; };
  Start(ParseAny);
  EXPECT_EQ(ReasonOf(log_.Wait(2)), "INTERNAL_ERROR");
  prepare_ = [](const GroundQuery&) -> absl::StatusOr<PreparedQuery> { throw std::bad_alloc(); };
  Start(ParseAny);
  EXPECT_EQ(ReasonOf(log_.Wait(3)), "MEMORY_BUDGET");
  prepare_ = [](const GroundQuery&) { return MakeQuery("", 1, {10}); };
  Start(ParseAny);
  EXPECT_TRUE(log_.Wait(4).answer.ok());
}

TEST_F(PipelineTest, WhatEndsInTheQueueOfThePoolIsNeverParsed) {
  MakeOpen();
  Gate parse_gate;
  const std::shared_ptr<Call> busy = Start([&]() -> absl::StatusOr<GroundQuery> {
    parse_gate.Pass();
    return absl::InternalError("over");
  });
  parse_gate.WaitForArrivals(1);
  bool parsed = false;
  const auto parse = [&]() -> absl::StatusOr<GroundQuery> {
    parsed = true;
    return absl::InternalError("parsed");
  };
  const std::shared_ptr<Call> expired = Start(parse, seconds(1));
  const std::shared_ptr<Call> cancelled = Start(parse);
  cancelled->Cancel();
  EXPECT_EQ(ReasonOf(log_.Wait(1)), "CLIENT_CANCELLED");
  clock_.Advance(seconds(1));
  EXPECT_EQ(ReasonOf(log_.Wait(2)), "EXPIRED_IN_QUEUE");
  parse_gate.Open();
  log_.Wait(3);
  pipeline_->Stop();
  EXPECT_FALSE(parsed);
}

TEST_F(PipelineTest, TheDeadlineEndsTheWaitForMemoryAndFreesThePoolsThread) {
  DecodeBudget budget(10);
  MakeOpen(&budget);
  model_gate_.Open();
  Call holder(
      clock_, TimePoint::max(), nullptr, [](const CallOutcome&) {}, AdmissionSlot());
  absl::StatusOr<DecodeShare> held = budget.Reserve(10, holder);
  Start(ParseAny, seconds(1));
  while (budget.waiting() == 0) std::this_thread::yield();
  clock_.Advance(seconds(1));
  EXPECT_EQ(ReasonOf(log_.Wait(1)), "EXPIRED_IN_QUEUE");

  Start(ParseAny);
  while (budget.waiting() == 0) std::this_thread::yield();
  held = DecodeShare();
  EXPECT_TRUE(log_.Wait(2).answer.ok());
  EXPECT_EQ(budget.reserved(), 0u);
}

TEST_F(PipelineTest, StopEndsTheWaitForMemory) {
  DecodeBudget budget(10);
  MakeOpen(&budget);
  Call holder(
      clock_, TimePoint::max(), nullptr, [](const CallOutcome&) {}, AdmissionSlot());
  const absl::StatusOr<DecodeShare> held = budget.Reserve(10, holder);
  Start(ParseAny);
  while (budget.waiting() == 0) std::this_thread::yield();
  pipeline_->Stop();
  EXPECT_EQ(ReasonOf(log_.Wait()), "SHUTTING_DOWN");
}

TEST_F(PipelineTest, ACallWithoutADeadlineGetsTheDefaultOne) {
  options_.default_deadline = seconds(60);
  MakeOpen();
  const std::shared_ptr<Call> call = Start(ParseAny);
  EXPECT_EQ(call->deadline(), clock_.Now() + seconds(60));
  EXPECT_EQ(Start(ParseAny, seconds(7))->deadline(), clock_.Now() + seconds(7));
}

TEST_F(PipelineTest, ADeadlineInTheRequestItselfShortensTheCallsAndNeverLengthensIt) {
  MakeOpen();
  const auto until = [this](Duration allowed) {
    return [deadline = clock_.Now() + allowed]() -> absl::StatusOr<GroundQuery> {
      return GroundQuery{.request_id = "any", .deadline = deadline};
    };
  };
  const std::shared_ptr<Call> longer = Start(until(seconds(9)), seconds(5));
  model_gate_.WaitForArrivals(1);
  const std::shared_ptr<Call> shorter = Start(until(seconds(1)), seconds(5));
  clock_.Advance(seconds(1));
  EXPECT_EQ(ReasonOf(log_.Wait(1)), "EXPIRED_IN_QUEUE");
  EXPECT_TRUE(shorter->finished());
  EXPECT_LE(log_.Wait(1).slack, Duration::zero()) << "that of the shorter one";
  EXPECT_FALSE(longer->finished());
  clock_.Advance(seconds(4));
  EXPECT_EQ(ReasonOf(log_.Wait(2)), "EXPIRED_WHILE_RUNNING");
}

TEST_F(PipelineTest, ADeadlineInTheRequestThatHasPassedEndsItUnprepared) {
  MakeOpen();
  std::atomic<bool> prepared = false;
  prepare_ = [&prepared](const GroundQuery&) {
    prepared = true;
    return MakeQuery("", 1, {10});
  };
  Start([this]() -> absl::StatusOr<GroundQuery> { return GroundQuery{.request_id = "any", .deadline = clock_.Now()}; });
  EXPECT_EQ(ReasonOf(log_.Wait(1)), "EXPIRED_IN_QUEUE");
  pipeline_->Stop();
  EXPECT_FALSE(prepared);
}

TEST_F(PipelineTest, ExpiresACallWhileTheModelRuns) {
  MakeOpen();
  const std::shared_ptr<Call> call = Start(ParseAny, seconds(1));
  model_gate_.WaitForArrivals(1);
  clock_.Advance(seconds(1));
  EXPECT_EQ(ReasonOf(log_.Wait()), "EXPIRED_WHILE_RUNNING");
}

TEST_F(PipelineTest, DrainingAnswersWhatIsInside) {
  MakeOpen();
  const std::shared_ptr<Call> running = Start(ParseAny);
  const std::shared_ptr<Call> queued = Start(ParseAny);
  model_gate_.WaitForArrivals(1);
  pipeline_->BeginDrain();
  EXPECT_FALSE(pipeline_->WaitIdle(clock_.Now()));
  std::thread waiting([this] { EXPECT_TRUE(pipeline_->WaitIdle(TimePoint::max())); });
  model_gate_.Open();
  waiting.join();
  ASSERT_EQ(log_.size(), 2u);
  EXPECT_TRUE(log_.Wait(1).answer.ok());
  EXPECT_TRUE(log_.Wait(2).answer.ok());
}

TEST_F(PipelineTest, StopEndsWhatDrainingLeft) {
  MakeOpen();
  const std::shared_ptr<Call> running = Start(ParseAny);
  model_gate_.WaitForArrivals(1);
  const std::shared_ptr<Call> queued = Start(ParseAny);
  std::thread stopping([this] { pipeline_->Stop(); });
  EXPECT_EQ(ReasonOf(log_.Wait(1)), "SHUTTING_DOWN");
  EXPECT_EQ(ReasonOf(log_.Wait(2)), "SHUTTING_DOWN");
  model_gate_.Open();
  stopping.join();
  EXPECT_EQ(pipeline_->occupancy().in_flight, 0);
  EXPECT_EQ(grounder_.images_encoded, 1);
  pipeline_->Stop();
  EXPECT_TRUE(Start(ParseAny)->finished());
}

TEST_F(PipelineTest, StopWaitsForADoneThatStillRuns) {
  MakeOpen();
  Gate done_gate;
  std::atomic<bool> answered = false;
  const std::shared_ptr<Call> call = pipeline_->Start({.parse = ParseAny, .done = [&](const CallOutcome&) {
                                                         done_gate.Pass();
                                                         answered = true;
                                                       }});
  model_gate_.WaitForArrivals(1);
  std::thread cancelling([&] { call->Cancel(); });
  done_gate.WaitForArrivals(1);
  model_gate_.Open();
  std::thread stopping([&] {
    pipeline_->Stop();
    EXPECT_TRUE(answered);
  });
  std::size_t started = 0;
  do {
    Start(ParseAny);
  } while (ReasonOf(log_.Wait(++started)) != "SHUTTING_DOWN");  // until Stop has begun
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();     // so that a Stop that does not wait has returned
  done_gate.Open();
  cancelling.join();
  stopping.join();
}

TEST_F(PipelineTest, ASmallRequestIsJudgedInsideStartWhileThePoolDecodes) {
  options_.read_at_once_bytes = 100;
  DecodeBudget no_room_yet(10);
  MakeOpen(&no_room_yet);
  DecodeShare taken;
  const std::shared_ptr<Call> decoding = HoldPool(no_room_yet, taken);

  const auto reject = []() -> absl::StatusOr<GroundQuery> {
    return Reject(absl::StatusCode::kInvalidArgument, "FIELD_REQUIRED", "image is required");
  };
  EXPECT_TRUE(Start(reject, std::nullopt, 99)->finished());
  EXPECT_EQ(ReasonOf(log_.Wait(1)), "FIELD_REQUIRED");
  EXPECT_FALSE(Start(reject, std::nullopt, 100)->finished()) << "it waits for the pool";

  taken = DecodeShare();
  EXPECT_EQ(ReasonOf(log_.Wait(2)), "FIELD_REQUIRED");
  model_gate_.Open();
  EXPECT_TRUE(log_.Wait(3).answer.ok());
  EXPECT_TRUE(decoding->finished());
}

TEST_F(PipelineTest, ACallWhosePictureCannotBeDecodedInTimeIsRefused) {
  options_.read_at_once_bytes = 100;
  model_gate_.Open();
  Gate decoding;
  decoding.Open();
  Make();
  pipeline_->Open(grounder_, [&](const GroundQuery&, Call&) {
    return Preparation(MakeQuery("", 1, {10}), [&](PreparedQuery&, Call&) {
      clock_.Advance(milliseconds(100));
      decoding.Pass();
      return absl::OkStatus();
    });
  });
  Start(ParseAny);
  EXPECT_TRUE(log_.Wait(1).answer.ok());
  decoding.Close();
  const std::shared_ptr<Call> ahead = Start(ParseAny);
  decoding.WaitForArrivals(2);
  EXPECT_TRUE(Start(ParseAny, milliseconds(199))->finished()) << "two pictures for the only thread";
  EXPECT_EQ(ReasonOf(log_.Wait(2)), "DEADLINE_UNREACHABLE");
  EXPECT_FALSE(Start(ParseAny, milliseconds(500))->finished());
  decoding.Open();
  EXPECT_TRUE(log_.Wait(4).answer.ok());
}

TEST_F(PipelineTest, WhatIsThrownInsideStartEndsTheCallAlone) {
  options_.read_at_once_bytes = 100;
  MakeOpen();
  EXPECT_TRUE(Start([]() -> absl::StatusOr<GroundQuery> { throw std::runtime_error("parse"); })->finished());
  EXPECT_EQ(ReasonOf(log_.Wait(1)), "INTERNAL_ERROR");
}

TEST_F(PipelineTest, ACallThatEndsWhileItsPictureWaitsToBeReadFreesIt) {
  options_.read_at_once_bytes = 100;
  DecodeBudget no_room_yet(10);
  MakeOpen(&no_room_yet);
  DecodeShare taken;
  HoldPool(no_room_yet, taken);
  const auto picture = std::make_shared<const Grounding>();
  prepare_ = [&picture](const GroundQuery&) {
    PreparedQuery query = MakeQuery("", 1, {10});
    query.known.push_back(nullptr);
    query.known.push_back(picture);
    return query;
  };
  const std::shared_ptr<Call> waiting = Start(ParseAny);
  EXPECT_EQ(picture.use_count(), 2);
  waiting->Cancel();
  EXPECT_EQ(picture.use_count(), 1);
  pipeline_->Stop();  // before the budget goes, for which the pool waits
}

TEST_F(PipelineTest, IsDestroyedSafelyBeforeItWasEverOpened) {
  Make();
  pipeline_.reset();
  EXPECT_EQ(log_.size(), 0u);
}

}  // namespace
}  // namespace lqvg::serving
