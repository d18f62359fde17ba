// What preparing a query takes from the caches: whom they answer, and what is then not done.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "image/png_writer.h"
#include "image/rejection.h"
#include "server/caches.h"
#include "server/decode_budget.h"
#include "server/digest.h"
#include "server/make_answer.h"
#include "server/prepare_query.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_grounder.h"
#include "tests/support/outcome_log.h"
#include "tests/support/read_file.h"

namespace lqvg::serving {
namespace {

class PrepareCacheTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto tokenizer = Tokenizer::Load(LQVG_SOURCE_DIR "/models/demo");
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    tokenizer_ = *std::move(tokenizer);
    const std::vector<std::uint8_t> png =
        *EncodePng({.width = 40, .height = 20, .rgb = std::vector<std::uint8_t>(40 * 20 * 3, 255)});
    file_.assign(png.begin(), png.end());
  }
  static void TearDownTestSuite() { tokenizer_.reset(); }

  static GroundQuery Query(std::vector<std::string> expressions = {"the ship"}, std::string client = "") {
    GroundQuery query{.request_id = "id", .expressions = std::move(expressions), .client = std::move(client)};
    query.image = file_;
    return query;
  }
  static GroundQuery ByDigest(GroundQuery query) {
    query.image = ImageDigest{*Sha256(file_)};
    return query;
  }

  absl::StatusOr<PreparedQuery> Prepare(GroundQuery query) {
    absl::StatusOr<Preparation> preparation = PrepareQuery(
        std::move(query), call_, *tokenizer_, {.canvas_side = 4, .decode_budget = budget_, .caches = &caches_}, clock_);
    if (!preparation.ok()) return preparation.status();
    return Complete(*std::move(preparation), call_);
  }

  // As a batch would leave the caches.
  void KeepFeatures(const PreparedQuery& query) {
    const Canvas* const canvas = &query.canvas;
    caches_.images.Insert(query.image_key,
                          {.features = grounder_.EncodeImages({&canvas, 1})->front(),
                           .facts = std::make_shared<const PictureFacts>(FactsOf(query))},
                          query.client);
  }
  void KeepResponse(const PreparedQuery& query, std::size_t expression) {
    CachedResponse response{.grounding = FakeGrounder::Expected(query.canvas, query.expressions.at(expression)),
                            .facts = std::make_shared<const PictureFacts>(FactsOf(query))};
    caches_.responses.Insert(query.image_key, query.expressions[expression],
                             std::make_shared<const CachedResponse>(std::move(response)));
  }

  // From now on whatever is decoded is rejected.
  void ForbidDecoding() { budget_ = &nothing_; }

  static inline std::unique_ptr<const Tokenizer> tokenizer_;
  static inline std::string file_;
  FakeClock clock_;
  FakeGrounder grounder_;
  OutcomeLog log_;
  Call call_{clock_, clock_.Now() + std::chrono::seconds(60), nullptr, log_.Recorder(), AdmissionSlot()};
  Caches caches_{CacheBudgets()};
  DecodeBudget nothing_{0};
  DecodeBudget* budget_ = nullptr;
};

TEST_F(PrepareCacheTest, APictureWhoseFeaturesAreCachedIsNotDecoded) {
  const PreparedQuery first = *Prepare(Query());
  EXPECT_EQ(first.features, nullptr);
  EXPECT_FALSE(first.canvas.rgb.empty());
  KeepFeatures(first);
  ForbidDecoding();
  const absl::StatusOr<PreparedQuery> second = Prepare(Query());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_NE(second->features, nullptr);
  EXPECT_TRUE(second->canvas.rgb.empty());
  EXPECT_EQ(CountUnknown(*second), 1);
  EXPECT_TRUE(DemandOf(*second).picture_known);
  EXPECT_EQ(second->canvas.side, 4);
  EXPECT_EQ(second->canvas.placement.image_width, 40);
  EXPECT_EQ(second->answer.image_width, 40);
  EXPECT_EQ(second->answer.image_height, 20);
  EXPECT_EQ(second->answer.image_digest, *Sha256(file_));
}

TEST_F(PrepareCacheTest, KnownResponsesAnswerEvenWithoutFeatures) {
  const PreparedQuery first = *Prepare(Query({"the ship", "the plane"}));
  KeepResponse(first, 0);
  const Demand demand = DemandOf(*Prepare(Query({"the ship", "the plane"})));
  EXPECT_EQ(demand.expression_count, 1);
  EXPECT_FALSE(demand.picture_known);
  KeepResponse(first, 1);
  ForbidDecoding();
  const absl::StatusOr<PreparedQuery> second = Prepare(Query({"the plane", "the ship"}));
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_EQ(CountUnknown(*second), 0);
  const absl::StatusOr<GroundAnswer> answer = AnswerFromCache(*second);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->results.size(), 2u);
  EXPECT_EQ(answer->image_width, 40);
  EXPECT_EQ(answer->response_cache_hits, 2);
  EXPECT_EQ(answer->image_cache, ImageCacheOutcome::kHit);
  EXPECT_FALSE(answer->image_retained) << "only the features answer a digest";
  EXPECT_EQ(ReasonOf(Prepare(ByDigest(Query())).status()), "IMAGE_NOT_CACHED");
}

TEST_F(PrepareCacheTest, WhatIsPartlyKnownIsDecodedIfThereAreNoFeatures) {
  KeepResponse(*Prepare(Query({"the ship"})), 0);
  const PreparedQuery partly = *Prepare(Query({"the plane", "the ship"}));
  EXPECT_FALSE(partly.canvas.rgb.empty());
  EXPECT_EQ(partly.known.at(0), nullptr);
  EXPECT_NE(partly.known.at(1), nullptr);
}

TEST_F(PrepareCacheTest, TheSamePictureReadAnotherWayIsAnother) {
  KeepFeatures(*Prepare(Query()));
  GroundQuery turned = Query();
  turned.apply_exif_orientation = true;
  EXPECT_EQ(Prepare(turned)->features, nullptr);
  EXPECT_EQ(ReasonOf(Prepare(ByDigest(turned)).status()), "IMAGE_NOT_CACHED");
}

TEST_F(PrepareCacheTest, ADigestIsAsGoodAsBytesThatWereSent) {
  EXPECT_EQ(ReasonOf(Prepare(ByDigest(Query())).status()), "IMAGE_NOT_CACHED");
  EXPECT_EQ(ViolationsOf(Prepare(ByDigest(Query())).status()).at(0).field, "image.digest");
  EXPECT_EQ(caches_.counts().images.misses, 2u);
  const PreparedQuery first = *Prepare(Query());
  KeepFeatures(first);
  const absl::StatusOr<PreparedQuery> second = Prepare(ByDigest(Query()));
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->image_key, first.image_key);
  EXPECT_NE(second->features, nullptr);
  EXPECT_EQ(second->answer.image_digest, *Sha256(file_));
}

TEST_F(PrepareCacheTest, ADigestIsOfNoUseToAClientThatHasNotSentTheBytes) {
  KeepFeatures(*Prepare(Query({"the ship"}, "alice")));
  EXPECT_TRUE(Prepare(ByDigest(Query({"the ship"}, "alice"))).ok());
  EXPECT_EQ(ReasonOf(Prepare(ByDigest(Query({"the ship"}, "bob"))).status()), "IMAGE_NOT_CACHED");
  ForbidDecoding();
  EXPECT_NE(Prepare(Query({"the ship"}, "bob"))->features, nullptr) << "with the bytes all share";
  EXPECT_TRUE(Prepare(ByDigest(Query({"the ship"}, "bob"))).ok());
}

TEST_F(PrepareCacheTest, WhoBypassesTheCachesGetsNothingFromThem) {
  const PreparedQuery first = *Prepare(Query());
  KeepFeatures(first);
  KeepResponse(first, 0);
  GroundQuery bypassing = Query();
  bypassing.bypass_caches = true;
  const PreparedQuery prepared = *Prepare(bypassing);
  EXPECT_EQ(prepared.features, nullptr);
  EXPECT_EQ(CountUnknown(prepared), 1);
  EXPECT_FALSE(prepared.canvas.rgb.empty());
  EXPECT_NE(prepared.image_key, first.image_key) << "else a batch would share";
  EXPECT_EQ(prepared.answer.image_cache, ImageCacheOutcome::kOff);
  EXPECT_EQ(ReasonOf(Prepare(ByDigest(bypassing)).status()), "IMAGE_NOT_CACHED");
  EXPECT_EQ(caches_.counts().images.misses, 0u) << "it was not even asked";
}

TEST_F(PrepareCacheTest, RawPixelsAreNotLookedUp) {
  GroundQuery raw = Query();
  raw.image = Image{.width = 40, .height = 20, .rgb = std::vector<std::uint8_t>(40 * 20 * 3, 255)};
  const PreparedQuery first = *Prepare(raw);
  KeepFeatures(first);
  KeepResponse(first, 0);
  const PreparedQuery second = *Prepare(raw);
  EXPECT_EQ(second.features, nullptr);
  EXPECT_EQ(CountUnknown(second), 1);
}

TEST_F(PrepareCacheTest, TheNotesOfAPictureAreKeptWithIt) {
  GroundQuery query = Query();
  const std::vector<std::uint8_t> turned = ReadFile(LQVG_SOURCE_DIR "/tests/image/fixtures/orientation6.jpg");
  query.image = std::string(turned.begin(), turned.end());
  query.apply_exif_orientation = true;
  const PreparedQuery first = *Prepare(query);
  ASSERT_TRUE(first.answer.orientation_applied);
  KeepFeatures(first);
  EXPECT_TRUE(Prepare(query)->answer.orientation_applied);
}

}  // namespace
}  // namespace lqvg::serving
