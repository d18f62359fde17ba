// Many callers, cancels, deadlines and faults at once: every call ends exactly once, with its own answer.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/pipeline.h"
#include "tests/support/fake_grounder.h"
#include "tests/support/outcome_log.h"
#include "tests/support/query_maker.h"

namespace lqvg::serving {
namespace {

using std::chrono::microseconds;

constexpr int kSubmitters = 4;
constexpr int kCallsEach = 5'000;
constexpr int kBurst = 100;

// What a call asks for, drawn from its number; the answer follows from it.
struct Ask {
  std::uint32_t picture;
  std::vector<std::int32_t> tokens;

  PreparedQuery Prepared() const { return MakeQuery(std::to_string(picture), picture, tokens); }
};

class PipelineStressTest : public testing::Test {
 protected:
  static Ask DrawAsk(std::mt19937& random) {
    Ask ask{.picture = static_cast<std::uint32_t>(random() % 50), .tokens = {}};
    const auto count = 1 + random() % 4;
    for (unsigned i = 0; i < count; ++i) ask.tokens.push_back(static_cast<std::int32_t>(random() % 100));
    if (random() % 100 == 0) ask.tokens.front() = FakeGrounder::kThrowToken;
    if (random() % 100 == 0) ask.tokens.front() = FakeGrounder::kFailToken;
    return ask;
  }

  void Check(const Ask& ask, const CallOutcome& outcome) {
    {
      MutexLock lock(&mutex_);
      ++reasons_[ReasonOf(outcome.answer.status())];
    }
    if (outcome.answer.ok() && !IsAnswerTo(*outcome.answer, ask.Prepared())) ++crossed_;
  }

  std::shared_ptr<Call> StartOne(Pipeline& pipeline, const Ask& ask, TimePoint deadline, std::size_t bytes) {
    ++started_;
    return pipeline.Start({.parse = [ask]() -> absl::StatusOr<GroundQuery> { return AsQuery(ask); },
                           .done =
                               [this, ask, ended = false](const CallOutcome& outcome) mutable {
                                 if (std::exchange(ended, true)) ++ended_twice_;
                                 Check(ask, outcome);
                                 ++done_;
                               },
                           .deadline = deadline,
                           .bytes = bytes});
  }

  // Starts kBurst calls without looking back.
  void StartBurst(Pipeline& pipeline, unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < kBurst; ++i) {
      StartOne(pipeline, DrawAsk(random), clock_.Now() + std::chrono::seconds(60), 1);
    }
  }

  // Starts kCallsEach calls, a fifth of them cancelled a little later, with deadlines from hopeless to generous.
  void Submitter(Pipeline& pipeline, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<std::shared_ptr<Call>> to_cancel;
    for (int i = 0; i < kCallsEach; ++i) {
      Ask ask = DrawAsk(random);
      TimePoint deadline = clock_.Now() + microseconds(random() % 20'000);
      if (i % 100 == 0) {  // so that some fail in the model however busy the machine is
        ask.tokens.front() = FakeGrounder::kThrowToken;
        deadline = clock_.Now() + std::chrono::seconds(60);
      }
      const bool will_cancel = random() % 5 == 0;
      std::shared_ptr<Call> call = StartOne(pipeline, ask, deadline, random() % 1000);
      if (will_cancel) to_cancel.push_back(std::move(call));
      if (to_cancel.size() > random() % 8) {
        for (const std::shared_ptr<Call>& cancelled : to_cancel) cancelled->Cancel();
        to_cancel.clear();
      }
      // As fast as the server keeps up, so that most calls get in.
      while (pipeline.occupancy().in_flight > 48) std::this_thread::yield();
    }
  }

  // Carries an ask through the transport's form of a query: tokens as text.
  static GroundQuery AsQuery(const Ask& ask) {
    GroundQuery query{.request_id = "stress", .image = std::to_string(ask.picture)};
    for (const std::int32_t token : ask.tokens) query.expressions.push_back(std::to_string(token));
    return query;
  }

  // Every other picture is left to the pool.
  static absl::StatusOr<Preparation> Prepare(GroundQuery query, Call&) {
    Ask ask{.picture = static_cast<std::uint32_t>(std::stoul(std::get<std::string>(query.image))), .tokens = {}};
    for (const std::string& expression : query.expressions) ask.tokens.push_back(std::stoi(expression));
    if (ask.picture % 2 == 0) return ask.Prepared();
    PreparedQuery begun = ask.Prepared();
    begun.canvas = Canvas();
    return Preparation(std::move(begun), [ask](PreparedQuery& rest, Call&) {
      rest = ask.Prepared();
      return absl::OkStatus();
    });
  }

  const SteadyClock clock_{};
  FakeGrounder grounder_;
  std::atomic<int> started_ = 0, done_ = 0, crossed_ = 0, ended_twice_ = 0, expired_executed_ = 0;
  Mutex mutex_;
  std::map<std::string, int> reasons_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(PipelineStressTest, EveryCallEndsOnceWithItsOwnAnswer) {
  Pipeline pipeline(
      {.decode_threads = 2,
       .read_at_once_bytes = 500,  // every other call, as they are drawn
       .batch = {.max_images = 4, .max_expressions = 8},
       .batch_observer = [this](const BatchReport& report) { expired_executed_ += report.expired_executed; }},
      clock_);
  // Slow enough for calls to queue, to share batches and to end in the middle of one.
  grounder_.before_ground = [this] {
    const TimePoint until = clock_.Now() + microseconds(100);
    while (clock_.Now() < until) std::this_thread::yield();
    return absl::OkStatus();
  };
  pipeline.Open(grounder_, Prepare);

  std::vector<std::thread> submitters;
  for (unsigned i = 0; i < kSubmitters; ++i) {
    submitters.emplace_back([this, &pipeline, i] { Submitter(pipeline, 1 + i); });
  }
  for (std::thread& submitter : submitters) submitter.join();
  EXPECT_TRUE(pipeline.WaitIdle(clock_.Now() + std::chrono::seconds(30)));

  EXPECT_EQ(started_, kSubmitters * kCallsEach);
  EXPECT_EQ(done_, started_);
  EXPECT_EQ(ended_twice_, 0);
  EXPECT_EQ(crossed_, 0);
  EXPECT_EQ(expired_executed_, 0);
  EXPECT_EQ(pipeline.occupancy().in_flight, 0);
  EXPECT_EQ(pipeline.occupancy().pending, 0);
  EXPECT_EQ(pipeline.occupancy().bytes, 0u);

  MutexLock lock(&mutex_);
  for (const char* reason : {"", "CLIENT_CANCELLED", "EXPIRED_IN_QUEUE", "INTERNAL_ERROR"}) {
    EXPECT_GT(reasons_[reason], 0) << "the load does not exercise " << reason;
  }
  for (const auto& [reason, count] : reasons_) RecordProperty(reason.empty() ? "OK" : reason, count);
}

TEST_F(PipelineStressTest, StoppingInFullSwingAnswersEverybody) {
  for (unsigned round = 0; round < 20; ++round) {
    Pipeline pipeline({.decode_threads = 2, .batch = {.max_images = 4}}, clock_);
    pipeline.Open(grounder_, Prepare);
    std::vector<std::thread> submitters;
    for (unsigned i = 0; i < kSubmitters; ++i) {
      submitters.emplace_back([this, &pipeline, seed = round * kSubmitters + i] { StartBurst(pipeline, seed); });
    }
    while (done_ < static_cast<int>(round) * kSubmitters * kBurst + 10) std::this_thread::yield();
    pipeline.Stop();
    for (std::thread& submitter : submitters) submitter.join();
    ASSERT_EQ(done_, started_);
    ASSERT_EQ(pipeline.occupancy().in_flight, 0);
  }
  EXPECT_EQ(crossed_, 0);
}

}  // namespace
}  // namespace lqvg::serving
