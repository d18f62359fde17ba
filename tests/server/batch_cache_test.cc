// What a batch takes from the caches and leaves there, by what the model is made to do.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "image/rejection.h"
#include "server/caches.h"
#include "server/run_batch.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_grounder.h"
#include "tests/support/outcome_log.h"
#include "tests/support/query_maker.h"

namespace lqvg::serving {
namespace {

class BatchCacheTest : public testing::Test {
 protected:
  static constexpr std::int32_t kNan = FakeGrounder::kNanToken;

  void Add(std::string image_key, std::uint32_t seed, const std::vector<std::int32_t>& tokens,
           std::string client = "") {
    Add(MakeQuery(std::move(image_key), seed, tokens), std::move(client));
  }

  void Add(PreparedQuery query, std::string client = "") {
    query.client = std::move(client);
    items_.push_back({.call = std::make_shared<Call>(clock_, clock_.Now() + std::chrono::seconds(1), nullptr,
                                                     log_.Recorder(), AdmissionSlot()),
                      .query = std::move(query),
                      .queued_at = clock_.Now()});
  }

  // Runs what was added, and checks that every answer is right.
  std::vector<GroundAnswer> Run() {
    grounder_.images_encoded = grounder_.texts_encoded = grounder_.pairs_grounded = 0;
    const BatchResult result = RunUnchecked();
    EXPECT_TRUE(result.report.status.ok()) << result.report.status;
    EXPECT_EQ(result.report.images, grounder_.images_encoded);
    EXPECT_EQ(result.report.expressions, grounder_.pairs_grounded);
    std::vector<GroundAnswer> answers;
    for (std::size_t i = 0; i < result.answers.size(); ++i) {
      EXPECT_TRUE(IsAnswerTo(*result.answers[i], items_[i].query));
      answers.push_back(*result.answers[i]);
    }
    items_.clear();
    return answers;
  }

  BatchResult RunUnchecked() {
    return RunBatch(grounder_, items_, {.max_images = 8, .max_expressions = 8}, clock_.Now(), clock_, caches_.get());
  }

  void ExpectRun(int images, int texts, int pairs) {
    EXPECT_EQ(grounder_.images_encoded, images);
    EXPECT_EQ(grounder_.texts_encoded, texts);
    EXPECT_EQ(grounder_.pairs_grounded, pairs);
  }

  FakeClock clock_;
  FakeGrounder grounder_;
  OutcomeLog log_;
  std::unique_ptr<Caches> caches_ = std::make_unique<Caches>(CacheBudgets());
  std::vector<BatchItem> items_;
};

TEST_F(BatchCacheTest, ASecondCallForTheSameRunsNothing) {
  Add("a", 1, {10, 11});
  GroundAnswer answer = Run().at(0);
  EXPECT_EQ(answer.image_cache, ImageCacheOutcome::kMiss);
  EXPECT_TRUE(answer.image_retained);
  EXPECT_EQ(answer.response_cache_hits, 0);
  EXPECT_EQ(answer.text_cache_hits, 0);

  grounder_.before_encode_images = [] { FAIL() << "asked for nothing"; };
  Add("a", 1, {11, 10});
  answer = Run().at(0);
  ExpectRun(0, 0, 0);
  EXPECT_EQ(answer.image_cache, ImageCacheOutcome::kHit);
  EXPECT_EQ(answer.response_cache_hits, 2);
  EXPECT_EQ(answer.batch_images, 1);
  EXPECT_EQ(answer.batch_expressions, 2);
}

TEST_F(BatchCacheTest, AnotherExpressionOfTheSamePictureEncodesNoImage) {
  Add("a", 1, {10});
  Run();
  Add("a", 1, {10, 11});
  const GroundAnswer answer = Run().at(0);
  ExpectRun(0, 1, 1);
  EXPECT_EQ(answer.image_cache, ImageCacheOutcome::kHit);
  EXPECT_EQ(answer.response_cache_hits, 1);
  EXPECT_EQ(answer.text_cache_hits, 0);
}

TEST_F(BatchCacheTest, TheSameExpressionOfAnotherPictureEncodesNoText) {
  Add("a", 1, {10});
  Run();
  Add("b", 2, {10, 11});
  const GroundAnswer answer = Run().at(0);
  ExpectRun(1, 1, 2);
  EXPECT_EQ(answer.image_cache, ImageCacheOutcome::kMiss);
  EXPECT_EQ(answer.text_cache_hits, 1);
  EXPECT_EQ(answer.response_cache_hits, 0);
}

TEST_F(BatchCacheTest, ResponsesAnswerWhateverBoxesAreAskedFor) {
  Add("a", 1, {10});
  Run();
  PreparedQuery query = MakeQuery("a", 1, {10});
  query.answer_options = {.max_boxes = 3, .min_score = 0.01f, .clip_boxes = true};
  Add(query);
  Run();
  ExpectRun(0, 0, 0);
}

TEST_F(BatchCacheTest, WhatWasFoundWhenTheCallWasPreparedIsUsedThoughItIsEvictedSince) {
  Add("a", 1, {10});
  Run();
  PreparedQuery query = MakeQuery("a", 1, {10, 11});
  query.features = caches_->images.Find("a", "")->features;
  const auto response = caches_->responses.Find("a", query.expressions[0]);
  query.known = {{response, &response->grounding}, nullptr};
  caches_->Clear();
  Add(query);
  const GroundAnswer answer = Run().at(0);
  ExpectRun(0, 1, 1);
  EXPECT_EQ(answer.image_cache, ImageCacheOutcome::kHit);
  EXPECT_EQ(answer.response_cache_hits, 1);
  EXPECT_TRUE(answer.image_retained) << "it was used just now";
}

TEST_F(BatchCacheTest, AMemberOfTheBatchThatHasTheFeaturesGivesThemToTheOthers) {
  Add("a", 1, {10});
  Run();
  PreparedQuery query = MakeQuery("a", 1, {11});
  query.features = caches_->images.Find("a", "")->features;
  caches_->Clear();
  Add("a", 1, {12});
  Add(query);
  EXPECT_EQ(Run().at(0).image_cache, ImageCacheOutcome::kHit);
  ExpectRun(0, 2, 2);
}

TEST_F(BatchCacheTest, CallsThatBypassTheCachesNeitherReadNorFillThem) {
  PreparedQuery bypassing = MakeQuery("a+bypass", 1, {10});
  bypassing.bypass_caches = true;
  Add(bypassing);
  Add(bypassing);
  std::vector<GroundAnswer> answers = Run();
  ExpectRun(1, 1, 1);  // batching is no cache
  EXPECT_EQ(answers[1].image_cache, ImageCacheOutcome::kOff);
  EXPECT_FALSE(answers[1].image_retained);
  Add("a", 1, {10});
  EXPECT_EQ(Run().at(0).image_cache, ImageCacheOutcome::kMiss);
  ExpectRun(1, 1, 1);
  Add(bypassing);
  Add("a", 1, {10});
  answers = Run();
  ExpectRun(1, 1, 1);
  EXPECT_EQ(answers[0].text_cache_hits + answers[0].response_cache_hits, 0);
  EXPECT_EQ(answers[1].response_cache_hits, 1);
}

TEST_F(BatchCacheTest, RawPixelsShareNothingButTheTexts) {
  Add("", 1, {10});
  Run();
  Add("", 1, {10});
  const GroundAnswer answer = Run().at(0);
  ExpectRun(1, 0, 1);
  EXPECT_EQ(answer.image_cache, ImageCacheOutcome::kOff);
  EXPECT_EQ(answer.text_cache_hits, 1);
  EXPECT_FALSE(answer.image_retained);
}

TEST_F(BatchCacheTest, SeveralCallsOfTheBatchShareOneMiss) {
  Add("a", 1, {10}, "alice");
  Add("a", 1, {10, 11}, "bob");
  const std::vector<GroundAnswer> answers = Run();
  ExpectRun(1, 2, 2);
  EXPECT_EQ(answers[0].image_cache, ImageCacheOutcome::kShared);
  EXPECT_EQ(answers[1].image_cache, ImageCacheOutcome::kShared);
  EXPECT_TRUE(caches_->images.Retains("a", "alice"));
  EXPECT_TRUE(caches_->images.Retains("a", "bob"));
  EXPECT_FALSE(caches_->images.Retains("a", "carol"));
  EXPECT_EQ(caches_->counts().images.misses, 1u);
  EXPECT_EQ(caches_->counts().texts.misses, 2u);
  EXPECT_EQ(caches_->counts().responses.misses, 2u);
}

TEST_F(BatchCacheTest, WhatIsNotFiniteIsNotKept) {
  Add("a", 1, {10, kNan, FakeGrounder::kFewQueriesToken});
  const BatchResult result = RunUnchecked();
  EXPECT_TRUE(result.answers.at(0)->results.at(0).ok());
  EXPECT_FALSE(result.answers.at(0)->results.at(1).ok());
  items_.clear();
  Add("a", 1, {kNan, 10, FakeGrounder::kFewQueriesToken});
  grounder_.pairs_grounded = grounder_.texts_encoded = grounder_.images_encoded = 0;
  const BatchResult again = RunUnchecked();
  ExpectRun(0, 2, 2);  // neither the answers nor the texts that may be why
  EXPECT_EQ(again.answers.at(0)->response_cache_hits, 1);
  EXPECT_EQ(ReasonOf(again.answers.at(0)->results.at(0).status()), "INTERNAL_ERROR");
}

TEST_F(BatchCacheTest, APictureOfWhichNothingUsableCameIsNotKept) {
  Add("a", 1, {kNan});
  Add("b", 2, {10});
  RunUnchecked();
  EXPECT_FALSE(caches_->images.Retains("a", ""));
  EXPECT_TRUE(caches_->images.Retains("b", ""));
}

TEST_F(BatchCacheTest, ABatchThatFailsLeavesNothing) {
  Add("a", 1, {10});
  Add("b", 2, {FakeGrounder::kFailToken});
  EXPECT_FALSE(RunUnchecked().report.status.ok());
  const CachesCounts counts = caches_->counts();
  EXPECT_EQ(counts.images.bytes + counts.texts.bytes + counts.responses.bytes, 0u);
  EXPECT_EQ(grounder_.features_alive(), 0);
}

TEST_F(BatchCacheTest, ABatchThatNobodyWaitsForLeavesNothing) {
  Add("a", 1, {10});
  grounder_.before_encode_images = [&] { items_[0].call->Cancel(); };
  EXPECT_TRUE(absl::IsCancelled(RunUnchecked().report.status));
  EXPECT_EQ(caches_->counts().images.bytes, 0u);
}

TEST_F(BatchCacheTest, WhenMemoryEndsTheFeaturesGo) {
  Add("a", 1, {10});
  Run();
  Add("b", 2, {FakeGrounder::kTooLargeToken});
  EXPECT_EQ(ReasonOf(RunUnchecked().report.status), "DEVICE_MEMORY");
  items_.clear();
  EXPECT_EQ(grounder_.features_alive(), 0);
  Add("a", 1, {10, 11});
  EXPECT_EQ(Run().at(0).response_cache_hits, 1) << "which is no device's memory";
  ExpectRun(1, 1, 1);
}

TEST_F(BatchCacheTest, WithTinyBudgetsEverythingIsComputedAndNothingRetained) {
  caches_ = std::make_unique<Caches>(CacheBudgets{.images = 1, .texts = 1, .responses = 1});
  for (int i = 0; i < 2; ++i) {
    Add("a", 1, {10});
    const GroundAnswer answer = Run().at(0);
    ExpectRun(1, 1, 1);
    EXPECT_EQ(answer.image_cache, ImageCacheOutcome::kMiss);
    EXPECT_FALSE(answer.image_retained);
  }
}

TEST_F(BatchCacheTest, EachCacheCanBeOffAlone) {
  caches_ = std::make_unique<Caches>(CacheBudgets{.images = 0});
  Add("a", 1, {10});
  EXPECT_EQ(Run().at(0).image_cache, ImageCacheOutcome::kOff);
  Add("a", 1, {10, 11});
  EXPECT_EQ(Run().at(0).response_cache_hits, 1);
  ExpectRun(1, 1, 1);

  caches_ = std::make_unique<Caches>(CacheBudgets{.responses = 0});
  Add("a", 1, {10});
  Run();
  Add("a", 1, {10});
  EXPECT_EQ(Run().at(0).text_cache_hits, 1);
  ExpectRun(0, 0, 1);
}

}  // namespace
}  // namespace lqvg::serving
