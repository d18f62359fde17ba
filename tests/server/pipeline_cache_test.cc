// The caches in the pipeline, with real files and tokens: what is asked twice runs once, and no answer depends on them.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "image/png_writer.h"
#include "image/rejection.h"
#include "server/caches.h"
#include "server/digest.h"
#include "server/pipeline.h"
#include "server/prepare_query.h"
#include "tests/support/fake_grounder.h"
#include "tests/support/gate.h"
#include "tests/support/outcome_log.h"
#include "tests/support/query_maker.h"

namespace lqvg::serving {
namespace {

class PipelineCacheTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto tokenizer = Tokenizer::Load(LQVG_SOURCE_DIR "/models/demo");
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    tokenizer_ = *std::move(tokenizer);
    for (int i = 0; i < 6; ++i) {
      Image image{.width = 16 + 8 * i, .height = 64 - 8 * i, .rgb = {}};
      image.rgb.assign(static_cast<std::size_t>(image.width) * image.height * 3, static_cast<std::uint8_t>(40 * i));
      const std::vector<std::uint8_t> png = *EncodePng(image);
      pictures_.push_back(std::move(image));
      files_.emplace_back(png.begin(), png.end());
    }
  }
  static void TearDownTestSuite() { tokenizer_.reset(); }

  void TearDown() override {
    gate_.Open();
    pipeline_.reset();
  }

  PrepareFunction PrepareWith(Caches* caches) {
    const PrepareOptions options = {.canvas_side = FakeGrounder::kSide, .caches = caches};
    return [this, options](GroundQuery query, Call& call) {
      return PrepareQuery(std::move(query), call, *tokenizer_, options, clock_);
    };
  }

  void Open(const CacheBudgets& budgets = {}) {
    caches_ = std::make_unique<Caches>(budgets);
    options_.caches = caches_.get();
    grounder_.before_ground = [this] {
      gate_.Pass();
      return absl::OkStatus();
    };
    pipeline_ = std::make_unique<Pipeline>(options_, clock_);
    pipeline_->Open(grounder_, PrepareWith(caches_.get()));
  }

  static GroundQuery Query(int picture, std::vector<std::string> expressions) {
    GroundQuery query{.request_id = "id", .expressions = std::move(expressions)};
    query.image = files_.at(static_cast<std::size_t>(picture));
    return query;
  }
  static GroundQuery ByDigest(GroundQuery query) {
    query.image = ImageDigest{*Sha256(std::get<std::string>(query.image))};
    return query;
  }

  void Start(const GroundQuery& query, OutcomeLog& log) {
    pipeline_->Start({.parse = [query]() -> absl::StatusOr<GroundQuery> { return query; },
                      .done = log.Recorder(),
                      .deadline = clock_.Now() + std::chrono::minutes(5),
                      .bytes = 1});
  }
  CallOutcome Ask(const GroundQuery& query) {
    OutcomeLog log;
    Start(query, log);
    CallOutcome outcome = log.Wait();
    pipeline_->WaitIdle(TimePoint::max());  // the log lives no longer
    return outcome;
  }

  static inline std::unique_ptr<const Tokenizer> tokenizer_;
  static inline std::vector<Image> pictures_;
  static inline std::vector<std::string> files_;
  SteadyClock clock_;
  FakeGrounder grounder_;
  Gate gate_;
  Pipeline::Options options_;
  std::unique_ptr<Caches> caches_;
  std::unique_ptr<Pipeline> pipeline_;
};

TEST_F(PipelineCacheTest, WhatIsKnownIsAnsweredWithoutTheModel) {
  gate_.Open();
  Open();
  const CallOutcome first = Ask(Query(0, {"the ship"}));
  ASSERT_TRUE(first.answer.ok()) << first.answer.status();
  EXPECT_EQ(first.answer->image_cache, ImageCacheOutcome::kMiss);
  EXPECT_TRUE(first.answer->image_retained);
  EXPECT_EQ(grounder_.pairs_grounded, 1);
  for (const GroundQuery& again : {Query(0, {"the ship"}), ByDigest(Query(0, {"the  ship "}))}) {
    const CallOutcome second = Ask(again);
    ASSERT_TRUE(second.answer.ok()) << second.answer.status();
    EXPECT_TRUE(SameBoxes(*second.answer->results[0], *first.answer->results[0]));
    EXPECT_EQ(second.answer->image_cache, ImageCacheOutcome::kHit);
    EXPECT_EQ(second.answer->response_cache_hits, 1);
    EXPECT_EQ(second.answer->batch_images, 0);
    EXPECT_TRUE(second.answer->image_retained);
    EXPECT_EQ(second.times.model, Duration::zero());
  }
  EXPECT_EQ(grounder_.pairs_grounded, 1);
}

TEST_F(PipelineCacheTest, WhoAsksTheSameMeanwhileWaitsForTheRunningBatchAlone) {
  Open();
  OutcomeLog log;
  Start(Query(0, {"the ship"}), log);
  gate_.WaitForArrivals(1);
  for (int i = 0; i < 3; ++i) Start(Query(0, {"the ship"}), log);
  Start(Query(0, {"the plane"}), log);
  gate_.Open();
  log.Wait(5);
  EXPECT_EQ(grounder_.images_encoded, 1);
  EXPECT_EQ(grounder_.pairs_grounded, 2);
}

TEST_F(PipelineCacheTest, AFailureIsNotKept) {
  gate_.Open();
  Open();
  grounder_.before_ground = [] { return absl::InternalError("once"); };
  EXPECT_FALSE(Ask(Query(0, {"the ship"})).answer.ok());
  grounder_.before_ground = nullptr;
  const CallOutcome outcome = Ask(Query(0, {"the ship"}));
  ASSERT_TRUE(outcome.answer.ok());
  EXPECT_EQ(outcome.answer->image_cache, ImageCacheOutcome::kMiss);
}

TEST_F(PipelineCacheTest, WhenAllHasEndedTheCachesAloneHoldFeatures) {
  gate_.Open();
  Open();
  Ask(Query(0, {"the ship"}));
  Ask(ByDigest(Query(0, {"the plane"})));
  pipeline_->Stop();
  EXPECT_EQ(grounder_.features_alive(), 3);
  caches_->Clear();
  EXPECT_EQ(grounder_.features_alive(), 0);
}

// One drawn call, and what it is to be answered.
struct Drawn {
  GroundQuery query;
  bool by_digest = false;
  GroundAnswer alone;
};

class CacheMixTest : public PipelineCacheTest {
 protected:
  GroundQuery DrawQuery() {
    static constexpr const char* kExpressions[] = {"the ship", "the  ship", "the plane", "a tank", "the red roof"};
    GroundQuery query = Query(Draw(6), {});
    for (int i = 0; i <= Draw(4); ++i) query.expressions.emplace_back(kExpressions[Draw(5)]);
    if (Draw(8) == 0) query.image = pictures_[static_cast<std::size_t>(Draw(6))];
    query.apply_exif_orientation = Draw(4) == 0;
    query.max_boxes = 1 + Draw(3);
    query.min_score = 0.25f * static_cast<float>(Draw(3));
    query.clip_boxes = Draw(2) == 0;
    query.bypass_caches = Draw(6) == 0;
    query.client = Draw(2) == 0 ? "alice" : "bob";
    return query;
  }

  // The answer to `query` by a model and a preparation of its own, without caches or company.
  GroundAnswer Alone(const GroundQuery& query) {
    OutcomeLog log;
    const auto call = std::make_shared<Call>(clock_, clock_.Now() + std::chrono::minutes(5), nullptr, log.Recorder(),
                                             AdmissionSlot());
    std::vector<BatchItem> items;
    items.push_back(
        {.call = call, .query = *Complete(*PrepareWith(nullptr)(query, *call), *call), .queued_at = clock_.Now()});
    FakeGrounder grounder;
    BatchResult result = RunBatch(grounder, items, BatchLimits(), clock_.Now(), clock_);
    return *std::move(result.answers.at(0));
  }

  Drawn DrawCall() {
    Drawn drawn{.query = DrawQuery(), .alone = {}};
    drawn.alone = Alone(drawn.query);
    drawn.by_digest = std::holds_alternative<std::string>(drawn.query.image) && Draw(4) == 0;
    if (drawn.by_digest) drawn.query = ByDigest(std::move(drawn.query));
    return drawn;
  }

  CacheBudgets DrawBudgets() {
    static constexpr std::uint64_t kBytes[] = {0, 700, 2'000, 1 << 20};
    return {.images = kBytes[Draw(4)], .texts = kBytes[Draw(4)], .responses = kBytes[Draw(4)]};
  }

  int Draw(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  static void ExpectSame(const CallOutcome& outcome, const Drawn& drawn) {
    if (drawn.by_digest && !outcome.answer.ok()) {
      EXPECT_EQ(ReasonOf(outcome), "IMAGE_NOT_CACHED");
      return;
    }
    ASSERT_TRUE(outcome.answer.ok()) << outcome.answer.status();
    const GroundAnswer& answer = *outcome.answer;
    ASSERT_EQ(answer.results.size(), drawn.alone.results.size());
    for (std::size_t i = 0; i < answer.results.size(); ++i) {
      EXPECT_TRUE(SameBoxes(*answer.results[i], *drawn.alone.results[i]));
    }
    EXPECT_EQ(answer.image_width, drawn.alone.image_width);
    EXPECT_EQ(answer.image_height, drawn.alone.image_height);
    EXPECT_EQ(answer.image_digest, drawn.alone.image_digest);
    if (drawn.query.bypass_caches) {
      EXPECT_EQ(answer.image_cache, ImageCacheOutcome::kOff);
      EXPECT_EQ(answer.text_cache_hits + answer.response_cache_hits, 0);
    }
  }

  std::mt19937 random_{20'261'129};
};

TEST_F(CacheMixTest, EveryAnswerIsThatOfTheCallAloneWithoutCaches) {
  gate_.Open();
  std::uint64_t hits = 0;
  std::uint64_t evictions = 0;
  int by_digest = 0;
  for (int round = 0; round < 25; ++round) {
    options_.batch.max_images = 1 + Draw(4);
    options_.batch.max_expressions = 1 + Draw(8);
    options_.decode_threads = 1 + Draw(3);
    const CacheBudgets budgets = DrawBudgets();
    SCOPED_TRACE(absl::StrCat("round ", round, ", caches of ", budgets.images, ", ", budgets.texts, ", ",
                              budgets.responses, " bytes"));
    Open(budgets);
    std::vector<Drawn> calls;
    for (int i = 0; i < 60; ++i) calls.push_back(DrawCall());
    std::vector<OutcomeLog> logs(calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i) {
      Start(calls[i].query, logs[i]);
      if (Draw(5) == 0) logs[i].Wait();
    }
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const CallOutcome outcome = logs[i].Wait();
      ExpectSame(outcome, calls[i]);
      if (calls[i].by_digest && outcome.answer.ok()) ++by_digest;
    }
    pipeline_->Stop();
    const CachesCounts counts = caches_->counts();
    EXPECT_LE(counts.images.bytes, budgets.images);
    EXPECT_LE(counts.texts.bytes, budgets.texts);
    EXPECT_LE(counts.responses.bytes, budgets.responses);
    hits += counts.images.hits + counts.texts.hits + counts.responses.hits;
    evictions += counts.images.evictions + counts.texts.evictions + counts.responses.evictions;
  }
  EXPECT_GT(hits, 300u);
  EXPECT_GT(evictions, 100u);
  EXPECT_GT(by_digest, 10);
}

}  // namespace
}  // namespace lqvg::serving
