#include "server/run_batch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "image/rejection.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_grounder.h"
#include "tests/support/outcome_log.h"
#include "tests/support/query_maker.h"

namespace lqvg::serving {
namespace {

using std::chrono::seconds;

class RunBatchTest : public testing::Test {
 protected:
  void Add(std::string image_key, std::uint32_t seed, const std::vector<std::int32_t>& tokens) {
    items_.push_back(
        {.call = std::make_shared<Call>(clock_, clock_.Now() + seconds(1), nullptr, log_.Recorder(), AdmissionSlot()),
         .query = MakeQuery(std::move(image_key), seed, tokens),
         .queued_at = clock_.Now()});
  }

  BatchResult Run() { return RunBatch(grounder_, items_, limits_, clock_.Now(), clock_); }

  FakeClock clock_;
  FakeGrounder grounder_;
  BatchLimits limits_{.max_images = 8, .max_expressions = 8};
  OutcomeLog log_;
  std::vector<BatchItem> items_;
};

TEST_F(RunBatchTest, AnswersEveryCallWithItsOwnBoxesInTheOrderOfItsExpressions) {
  Add("a", 1, {10, 11});
  Add("b", 2, {11, 10, 12});
  items_[1].query.answer_options = {.max_boxes = 3};
  const BatchResult result = Run();
  ASSERT_TRUE(result.report.status.ok());
  ASSERT_EQ(result.answers.size(), 2u);
  EXPECT_TRUE(IsAnswerTo(*result.answers[0], items_[0].query));
  EXPECT_TRUE(IsAnswerTo(*result.answers[1], items_[1].query));
  EXPECT_FALSE(IsAnswerTo(*result.answers[0], items_[1].query));
  EXPECT_EQ(result.answers[1]->results[2]->size(), 3u);
  EXPECT_EQ(result.answers[1]->image_width, FakeGrounder::kSide);
}

TEST_F(RunBatchTest, DoesOnceWhatIsTheSame) {
  Add("a", 1, {10, 11});
  Add("b", 2, {10});
  Add("a", 1, {11, 11});
  const BatchResult result = Run();
  EXPECT_EQ(grounder_.images_encoded, 2);
  EXPECT_EQ(grounder_.texts_encoded, 2);
  EXPECT_EQ(grounder_.pairs_grounded, 3);
  EXPECT_EQ(result.report.calls, 3);
  EXPECT_EQ(result.report.images, 2);
  EXPECT_EQ(result.report.expressions, 3);
  EXPECT_EQ(result.answers[2]->batch_images, 2);
  EXPECT_EQ(result.answers[2]->batch_expressions, 5);
  EXPECT_EQ(result.answers[0]->image_cache, ImageCacheOutcome::kShared);
  EXPECT_EQ(result.answers[1]->image_cache, ImageCacheOutcome::kOff);
  EXPECT_EQ(result.answers[2]->image_cache, ImageCacheOutcome::kShared);
  EXPECT_TRUE(IsAnswerTo(*result.answers[2], items_[2].query));
}

TEST_F(RunBatchTest, PicturesWithoutAKeyAreNeverShared) {
  Add("", 1, {10});
  Add("", 1, {10});
  const BatchResult result = Run();
  EXPECT_EQ(grounder_.images_encoded, 2);
  EXPECT_EQ(result.answers[0]->image_cache, ImageCacheOutcome::kOff);
}

TEST_F(RunBatchTest, RunsMoreExpressionsThanFitInSteps) {
  limits_.max_expressions = 3;
  Add("a", 1, {10, 11, 12, 13, 14, 15, 16});
  const BatchResult result = Run();
  EXPECT_TRUE(IsAnswerTo(*result.answers.at(0), items_[0].query));
  EXPECT_EQ(grounder_.pairs_grounded, 7);
  EXPECT_EQ(grounder_.largest_step, 3);
  EXPECT_EQ(grounder_.images_encoded, 1);
  EXPECT_DOUBLE_EQ(result.report.fusion_seconds, 3 * 0.25);
  EXPECT_DOUBLE_EQ(result.report.transformer_seconds, 3 * 0.5);
}

TEST_F(RunBatchTest, MeasuresTheStagesThatItCalls) {
  grounder_.before_encode_images = [&] { clock_.Advance(seconds(3)); };
  Add("a", 1, {10});
  const BatchResult result = Run();
  EXPECT_DOUBLE_EQ(result.report.image_seconds, 3.0);
  EXPECT_DOUBLE_EQ(result.report.text_seconds, 0.0);
}

TEST_F(RunBatchTest, ANonFiniteOutputIsTheErrorOfItsExpressionAlone) {
  Add("a", 1, {10, FakeGrounder::kNanToken, 11});
  const GroundAnswer answer = *Run().answers.at(0);
  EXPECT_TRUE(SameBoxes(*answer.results[0], ExpectedBoxes(items_[0].query, 0)));
  EXPECT_EQ(ReasonOf(answer.results[1].status()), "INTERNAL_ERROR");
  EXPECT_TRUE(SameBoxes(*answer.results[2], ExpectedBoxes(items_[0].query, 2)));
}

TEST_F(RunBatchTest, ACallOfWhichEveryExpressionFailedFails) {
  Add("a", 1, {FakeGrounder::kNanToken, FakeGrounder::kFewQueriesToken});
  Add("b", 2, {10});
  const BatchResult result = Run();
  EXPECT_EQ(ReasonOf(result.answers.at(0).status()), "INTERNAL_ERROR");
  EXPECT_TRUE(IsAnswerTo(*result.answers.at(1), items_[1].query));
}

TEST_F(RunBatchTest, TheModelsErrorFailsTheBatch) {
  Add("a", 1, {10});
  Add("b", 2, {FakeGrounder::kFailToken});
  const BatchResult result = Run();
  EXPECT_TRUE(absl::IsInternal(result.report.status));
  EXPECT_TRUE(result.answers.empty());
}

TEST_F(RunBatchTest, AnExceptionOfTheModelBecomesAnError) {
  Add("a", 1, {FakeGrounder::kThrowToken});
  const BatchResult result = Run();
  EXPECT_TRUE(absl::IsInternal(result.report.status));
  EXPECT_EQ(result.report.status.message(), "exception: thrown by the fake");
}

TEST_F(RunBatchTest, EndOfMemoryIsAnErrorOfItsOwn) {
  grounder_.before_ground = []() -> absl::Status { throw std::bad_alloc(); };
  Add("a", 1, {10});
  EXPECT_EQ(ReasonOf(Run().report.status), "DEVICE_MEMORY");
}

TEST_F(RunBatchTest, AWrongNumberOfAnswersFailsTheBatch) {
  Add("a", 1, {10, FakeGrounder::kMiscountToken});
  const BatchResult result = Run();
  EXPECT_TRUE(absl::IsInternal(result.report.status));
  EXPECT_TRUE(result.answers.empty());
}

TEST_F(RunBatchTest, StopsBetweenStepsWhenEveryCallHasEnded) {
  Add("a", 1, {10});
  Add("b", 2, {10});
  grounder_.before_encode_images = [&] {
    for (const BatchItem& item : items_) item.call->Cancel();
  };
  EXPECT_TRUE(absl::IsCancelled(Run().report.status));
  EXPECT_EQ(grounder_.texts_encoded, 0);
  EXPECT_EQ(grounder_.pairs_grounded, 0);
}

TEST_F(RunBatchTest, GoesOnWhileOneCallIsStillWanted) {
  Add("a", 1, {10});
  Add("b", 2, {10});
  grounder_.before_encode_images = [&] { items_[0].call->Cancel(); };
  EXPECT_TRUE(IsAnswerTo(*Run().answers.at(1), items_[1].query));
}

TEST_F(RunBatchTest, CountsCallsThatHadExpiredBeforeTheBatchBegan) {
  Add("a", 1, {10});
  Add("b", 2, {10});
  EXPECT_EQ(Run().report.expired_executed, 0);
  clock_.Advance(seconds(1));
  EXPECT_EQ(Run().report.expired_executed, 2);
}

}  // namespace
}  // namespace lqvg::serving
