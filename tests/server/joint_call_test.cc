#include "server/joint_call.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "image/rejection.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_grounder.h"
#include "tests/support/gate.h"
#include "tests/support/outcome_log.h"
#include "tests/support/query_maker.h"

namespace lqvg::serving {
namespace {

using std::chrono::seconds;
using Queries = absl::StatusOr<std::vector<GroundQuery>>;

GroundQuery QueryAbout(const std::string& picture, std::vector<std::string> expressions) {
  return {.request_id = "any", .image = picture, .expressions = std::move(expressions)};
}

// A picture's first byte is its seed, an expression's length its token.
PreparedQuery Prepare(const GroundQuery& query) {
  const auto& picture = std::get<std::string>(query.image);
  std::vector<std::int32_t> tokens;
  for (const std::string& expression : query.expressions) {
    tokens.push_back(expression == "nan" ? FakeGrounder::kNanToken : static_cast<std::int32_t>(expression.size()));
  }
  return MakeQuery(picture, static_cast<std::uint8_t>(picture.front()), tokens);
}

class JointCallTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.decode_threads = 1;
    grounder_.before_encode_images = [this] { model_gate_.Pass(); };
  }

  void TearDown() override {
    model_gate_.Open();
    pipeline_.reset();
  }

  void MakeOpen() {
    pipeline_ = std::make_unique<Pipeline>(options_, clock_);
    pipeline_->Open(grounder_, [this](const GroundQuery& query, Call&) -> absl::StatusOr<PreparedQuery> {
      ++prepared_;
      if (query.expressions.front() == "held") prepare_gate_.Pass();
      if (query.expressions.front() == "corrupt") {
        return Reject(absl::StatusCode::kInvalidArgument, "IMAGE_CORRUPT", "truncated");
      }
      return Prepare(query);
    });
  }

  std::shared_ptr<JointCall> Start(std::function<Queries()> parse, std::optional<Duration> allowed = std::nullopt,
                                   std::size_t bytes = 1) {
    std::optional<TimePoint> deadline;
    if (allowed) deadline = clock_.Now() + *allowed;
    return JointCall::Start(*pipeline_, {.parse = std::move(parse),
                                         .done = log_.Recorder(),
                                         .deadline = deadline,
                                         .bytes = bytes,
                                         .caller = "someone"});
  }

  std::shared_ptr<JointCall> StartAbout(const std::vector<GroundQuery>& queries,
                                        std::optional<Duration> allowed = std::nullopt) {
    return Start([queries]() -> Queries { return queries; }, allowed);
  }

  // The reason of the part that failed.
  std::string WaitForFailure() {
    const JointOutcome outcome = log_.Wait();
    EXPECT_TRUE(outcome.failed);
    return outcome.failed ? ReasonOf(outcome.parts.at(*outcome.failed)) : "";
  }

  // Until the pool, which has one thread, has read what came before.
  void WaitUntilAllIsRead() {
    Gate last;
    CallRequest request;
    request.bytes = options_.read_at_once_bytes;
    request.parse = [&last]() -> absl::StatusOr<GroundQuery> {
      last.Pass();
      return absl::CancelledError("nothing is asked");
    };
    request.done = [](const CallOutcome&) {};
    pipeline_->Start(std::move(request));
    last.WaitForArrivals(1);
    last.Open();
    EXPECT_TRUE(pipeline_->WaitIdle(TimePoint::max()));
  }

  // Once everything has ended: `done` ran once, and no place is taken.
  void ExpectEndedOnce() {
    model_gate_.Open();
    EXPECT_TRUE(pipeline_->WaitIdle(TimePoint::max()));
    pipeline_->Stop();
    EXPECT_EQ(pipeline_->occupancy().in_flight, 0);
    EXPECT_EQ(pipeline_->occupancy().bytes, 0u);
    EXPECT_EQ(log_.size(), 1u);
  }

  FakeClock clock_;
  FakeGrounder grounder_;
  Gate model_gate_, prepare_gate_;
  std::atomic<int> prepared_ = 0;
  OutcomeLogOf<JointOutcome> log_;
  Pipeline::Options options_;
  std::unique_ptr<Pipeline> pipeline_;
};

TEST_F(JointCallTest, AnswersEveryPartInOrder) {
  MakeOpen();
  model_gate_.Open();
  const std::vector<GroundQuery> queries = {QueryAbout("a", {"one", "three"}), QueryAbout("b", {"fourteen"}),
                                            QueryAbout("c", {"x"})};
  StartAbout(queries);
  const JointOutcome outcome = log_.Wait();
  EXPECT_FALSE(outcome.failed);
  ASSERT_EQ(outcome.parts.size(), 3u);
  for (std::size_t i = 0; i < queries.size(); ++i) {
    EXPECT_TRUE(IsAnswerTo(*outcome.parts[i].answer, Prepare(queries[i]))) << i;
  }
  EXPECT_EQ(pipeline_->occupancy().received, 1u) << "for whoever asked it is one call";
  ExpectEndedOnce();
}

TEST_F(JointCallTest, ARefusedRequestIsNeverRead) {
  options_.admission.max_bytes = 1'000;
  MakeOpen();
  bool read = false;
  const auto parse = [&read]() -> Queries {
    read = true;
    return std::vector{QueryAbout("a", {"one"})};
  };
  Start(parse, std::nullopt, 1'001);
  EXPECT_EQ(WaitForFailure(), "MEMORY_BUDGET");
  EXPECT_EQ(log_.Wait().parts.size(), 1u);
  ExpectEndedOnce();
  EXPECT_FALSE(read);
}

TEST_F(JointCallTest, ARejectedRequestFailsAsAnyCall) {
  MakeOpen();
  Start([]() -> Queries { return Reject(absl::StatusCode::kInvalidArgument, "FIELD_REQUIRED", "required"); });
  EXPECT_EQ(WaitForFailure(), "FIELD_REQUIRED");
  ExpectEndedOnce();
}

TEST_F(JointCallTest, AFurtherPartThatFindsNoPlaceFailsAll) {
  options_.admission.max_calls = 2;
  MakeOpen();
  StartAbout({QueryAbout("a", {"one"}), QueryAbout("b", {"two"}), QueryAbout("c", {"three"})});
  EXPECT_EQ(WaitForFailure(), "QUEUE_FULL");
  EXPECT_EQ(log_.Wait().failed, 2u);
  ExpectEndedOnce();
  EXPECT_EQ(grounder_.pairs_grounded, 0);
}

TEST_F(JointCallTest, EachFurtherPartIsCountedWithItsPicture) {
  options_.admission.max_bytes = 10'000;
  MakeOpen();
  StartAbout({QueryAbout("a", {"one"}), QueryAbout(std::string(8'000, 'b'), {std::string(2'000, 'x')})});
  EXPECT_EQ(WaitForFailure(), "MEMORY_BUDGET");
  EXPECT_EQ(log_.Wait().failed, 1u);
  ExpectEndedOnce();
}

TEST_F(JointCallTest, EachFurtherPartIsCountedForItsCaller) {
  options_.admission = {.max_calls = 100, .caller_percent = 2};
  MakeOpen();
  StartAbout({QueryAbout("a", {"one"}), QueryAbout("b", {"two"}), QueryAbout("c", {"three"})});
  EXPECT_EQ(WaitForFailure(), "QUOTA_EXCEEDED");
  EXPECT_EQ(log_.Wait().failed, 2u);
  ExpectEndedOnce();
}

TEST_F(JointCallTest, APartThatFailsEndsTheOthersBeforeTheyRun) {
  MakeOpen();
  StartAbout({QueryAbout("a", {"one"}), QueryAbout("b", {"corrupt"}), QueryAbout("c", {"three"})});
  EXPECT_EQ(WaitForFailure(), "IMAGE_CORRUPT");
  EXPECT_EQ(log_.Wait().failed, 1u);
  EXPECT_EQ(pipeline_->occupancy().in_flight, 0) << "their places are free at once";
  ExpectEndedOnce();
  EXPECT_LE(grounder_.pairs_grounded, 1) << "no more than ran already";
}

TEST_F(JointCallTest, AnExpressionThatFailsAloneFailsAll) {
  MakeOpen();
  model_gate_.Open();
  StartAbout({QueryAbout("a", {"one"}), QueryAbout("b", {"two", "nan"})});
  EXPECT_EQ(WaitForFailure(), "INTERNAL_ERROR");
  EXPECT_EQ(log_.Wait().failed, 1u);
  ExpectEndedOnce();
}

TEST_F(JointCallTest, CancellingEndsEveryPart) {
  MakeOpen();
  const std::shared_ptr<JointCall> joint =
      StartAbout({QueryAbout("a", {"one"}), QueryAbout("b", {"two"}), QueryAbout("c", {"three"})});
  model_gate_.WaitForArrivals(1);
  while (pipeline_->occupancy().in_flight < 3) std::this_thread::yield();
  joint->Cancel();
  EXPECT_EQ(WaitForFailure(), "CLIENT_CANCELLED");
  EXPECT_EQ(pipeline_->occupancy().in_flight, 0);
  ExpectEndedOnce();
  EXPECT_LE(grounder_.images_encoded, 1) << "what waited never runs";
}

TEST_F(JointCallTest, CancellingWhileItIsReadStartsNothing) {
  options_.read_at_once_bytes = 1'000;  // parts are, the request is not
  MakeOpen();
  Gate parse_gate;
  const std::shared_ptr<JointCall> joint = Start(
      [&parse_gate]() -> Queries {
        parse_gate.Pass();
        return std::vector{QueryAbout("a", {"one"}), QueryAbout("b", {"two"})};
      },
      std::nullopt, 2'000);
  parse_gate.WaitForArrivals(1);
  joint->Cancel();
  EXPECT_EQ(WaitForFailure(), "CLIENT_CANCELLED");
  parse_gate.Open();
  WaitUntilAllIsRead();
  ExpectEndedOnce();
  EXPECT_EQ(prepared_, 0);
  EXPECT_EQ(grounder_.images_encoded, 0);
}

TEST_F(JointCallTest, AllPartsHaveTheCallsDeadline) {
  MakeOpen();
  StartAbout({QueryAbout("a", {"one"}), QueryAbout("b", {"two"})}, seconds(1));
  model_gate_.WaitForArrivals(1);
  clock_.Advance(seconds(1));
  EXPECT_TRUE(log_.Wait().failed);
  EXPECT_TRUE(pipeline_->WaitIdle(TimePoint::max())) << "although the model still waits at its gate";
  ExpectEndedOnce();
}

TEST_F(JointCallTest, ADrainFinishesWhatWasAdmittedBeforeItsPartsWereKnown) {
  MakeOpen();
  model_gate_.Open();
  Gate parse_gate;
  Start([&parse_gate]() -> Queries {
    parse_gate.Pass();
    return std::vector{QueryAbout("a", {"one"}), QueryAbout("b", {"two"})};
  });
  parse_gate.WaitForArrivals(1);
  pipeline_->BeginDrain();
  parse_gate.Open();
  EXPECT_FALSE(log_.Wait().failed);
  ExpectEndedOnce();
}

TEST_F(JointCallTest, StoppingEndsEveryPart) {
  MakeOpen();
  StartAbout({QueryAbout("a", {"one"}), QueryAbout("b", {"held"}), QueryAbout("c", {"three"})});
  prepare_gate_.WaitForArrivals(1);
  std::thread stopping([this] { pipeline_->Stop(); });
  EXPECT_EQ(WaitForFailure(), "SHUTTING_DOWN");
  prepare_gate_.Open();
  model_gate_.Open();
  stopping.join();
  ExpectEndedOnce();
}

TEST_F(JointCallTest, ThrowingWhileItIsReadFailsAll) {
  MakeOpen();
  Start([]() -> Queries { throw std::bad_alloc(); });
  EXPECT_EQ(WaitForFailure(), "MEMORY_BUDGET");
  ExpectEndedOnce();
}

}  // namespace
}  // namespace lqvg::serving
