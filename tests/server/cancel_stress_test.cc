// Ten thousand calls, each cancelled at a random moment of its life, with a delay at every fault point: whatever wins,
// each call ends once, what was cancelled in the queue never runs, and its companions do not notice.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <span>
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

constexpr int kCallers = 4;
constexpr int kCallsEach = 2'500;
constexpr std::size_t kInFlightEach = 8;
constexpr std::int32_t kPictures = 6;  // so few that a batch has calls about the same one

// The fake model, which remembers what it was asked.
class RememberingGrounder final : public Grounder {
 public:
  const ModelInfo& info() const override { return fake_.info(); }
  absl::StatusOr<std::vector<std::shared_ptr<const ImageFeatures>>> EncodeImages(
      std::span<const Canvas* const> canvases) override {
    return fake_.EncodeImages(canvases);
  }
  absl::StatusOr<std::vector<std::shared_ptr<const TextFeatures>>> EncodeTexts(
      std::span<const Expression* const> expressions) override {
    for (const Expression* expression : expressions) tokens_.insert(expression->token_ids.front());
    return fake_.EncodeTexts(expressions);
  }
  absl::StatusOr<GroundingBatch> Ground(std::span<const GroundingPair> pairs) override { return fake_.Ground(pairs); }

  // Expressions that ever ran. To be called when the pipeline has stopped.
  const std::set<std::int32_t>& tokens() const { return tokens_; }

 private:
  FakeGrounder fake_;
  std::set<std::int32_t> tokens_;  // touched by the worker alone
};

class CancelStressTest : public testing::Test {
 protected:
  // A call that is under way, and when its caller will have had enough.
  struct Waiting {
    std::shared_ptr<Call> call;
    TimePoint leave_at;
  };

  // Call `number` asks for a token of its own in one of a few pictures.
  static PreparedQuery QueryOf(std::int32_t number) {
    const std::int32_t picture = number % kPictures;
    return MakeQuery(std::to_string(picture), static_cast<std::uint32_t>(picture), {number});
  }

  void Note(std::int32_t number, const CallOutcome& outcome) {
    ++done_;
    const bool right = outcome.answer.ok() && IsAnswerTo(*outcome.answer, QueryOf(number));
    if (outcome.answer.ok() && !right) ++crossed_;
    if (right) latency_ = outcome.total;
    MutexLock lock(&mutex_);
    ++reasons_[ReasonOf(outcome)];
    // The batcher notes how long a call was queued before it begins with it: this one was out of its reach by then.
    if (ReasonOf(outcome) == "CLIENT_CANCELLED" && outcome.times.batch_queue == Duration::zero()) {
      left_in_the_queue_.push_back(number);
    }
  }

  std::shared_ptr<Call> Start(Pipeline& pipeline, std::int32_t number) {
    return pipeline.Start({.parse = [number]() -> absl::StatusOr<GroundQuery> {
                             return GroundQuery{.request_id = "any", .expressions = {std::to_string(number)}};
                           },
                           .done = [this, number](const CallOutcome& outcome) { Note(number, outcome); },
                           .bytes = 1});
  }

  // A caller with a few calls at a time, of which each is cancelled within twice the time that an answer takes.
  void Caller(Pipeline& pipeline, int caller) {
    std::mt19937 random(static_cast<unsigned>(caller));
    std::vector<Waiting> waiting;
    for (std::int32_t i = 0; i < kCallsEach || !waiting.empty();) {
      if (i < kCallsEach && waiting.size() < kInFlightEach) {
        const Duration patience{static_cast<Duration::rep>(random() % 1'000) * latency_.load().count() / 500};
        waiting.push_back({.call = Start(pipeline, caller * kCallsEach + i), .leave_at = clock_.Now() + patience});
        ++i;
      }
      std::erase_if(waiting, [now = clock_.Now()](const Waiting& one) {
        if (now < one.leave_at) return false;
        one.call->Cancel();
        return true;
      });
      std::this_thread::yield();
    }
  }

  SteadyClock clock_;
  RememberingGrounder grounder_;
  std::atomic<int> done_ = 0, crossed_ = 0;
  std::atomic<Duration> latency_{std::chrono::milliseconds(1)};  // of the newest answer
  Mutex mutex_;
  std::map<std::string, int> reasons_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::int32_t> left_in_the_queue_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(CancelStressTest, TenThousandCancelsAtEveryPointOfTheWay) {
  FaultPlan plan;
  for (Fault& fault : plan.at) fault.delay = microseconds(50);
  FaultPoints faults(plan, clock_);
  Pipeline pipeline({.decode_threads = 2, .batch = {.max_images = 3}, .faults = &faults}, clock_);
  pipeline.Open(grounder_, [](const GroundQuery& query, Call&) { return QueryOf(std::stoi(query.expressions.at(0))); });

  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) callers.emplace_back([this, &pipeline, i] { Caller(pipeline, i); });
  for (std::thread& caller : callers) caller.join();
  EXPECT_TRUE(pipeline.WaitIdle(clock_.Now() + std::chrono::seconds(30)));
  EXPECT_EQ(done_, kCallers * kCallsEach);
  EXPECT_EQ(pipeline.occupancy().received, static_cast<std::uint64_t>(kCallers * kCallsEach));
  EXPECT_EQ(pipeline.occupancy().in_flight, 0);
  EXPECT_EQ(pipeline.occupancy().pending, 0);
  EXPECT_EQ(pipeline.occupancy().bytes, 0u);
  EXPECT_EQ(crossed_, 0);
  pipeline.Stop();

  MutexLock lock(&mutex_);
  for (const std::int32_t number : left_in_the_queue_) EXPECT_FALSE(grounder_.tokens().contains(number)) << number;
  // All ends that a cancelled call can come to were come to.
  EXPECT_GT(reasons_[""], 100);
  EXPECT_GT(static_cast<int>(left_in_the_queue_.size()), 100);
  EXPECT_GT(reasons_["CLIENT_CANCELLED"], static_cast<int>(left_in_the_queue_.size()) + 100) << "with the model";
  EXPECT_EQ(reasons_.size(), 2u) << "and to no other";
  for (const auto& [reason, count] : reasons_) RecordProperty(reason.empty() ? "OK" : reason, count);
  RecordProperty("left_in_the_queue", static_cast<int>(left_in_the_queue_.size()));
}

}  // namespace
}  // namespace lqvg::serving
