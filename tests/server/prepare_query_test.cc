#include "server/prepare_query.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "image/png_writer.h"
#include "image/rejection.h"
#include "server/digest.h"
#include "tests/support/fake_clock.h"
#include "tests/support/outcome_log.h"

namespace lqvg::serving {
namespace {

class PrepareQueryTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto tokenizer = Tokenizer::Load(LQVG_SOURCE_DIR "/tests/reference/roberta-base");
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    tokenizer_ = *std::move(tokenizer);
  }
  static void TearDownTestSuite() { tokenizer_.reset(); }

  // A white picture of 40 by 20.
  static GroundQuery RawQuery() {
    GroundQuery query{.request_id = "id", .expressions = {"the ship", "the large ship"}};
    query.image = Image{.width = 40, .height = 20, .rgb = std::vector<std::uint8_t>(40 * 20 * 3, 255)};
    return query;
  }

  absl::StatusOr<PreparedQuery> Prepare(GroundQuery query) {
    return PrepareQuery(std::move(query), call_, *tokenizer_, {.canvas_side = 64}, clock_);
  }

  static std::unique_ptr<const Tokenizer> tokenizer_;
  SteadyClock clock_;
  OutcomeLog log_;
  Call call_{clock_, clock_.Now() + std::chrono::seconds(60), nullptr, log_.Recorder(), AdmissionSlot()};
};

std::unique_ptr<const Tokenizer> PrepareQueryTest::tokenizer_;

TEST_F(PrepareQueryTest, PreparesRawPixels) {
  GroundQuery query = RawQuery();
  query.max_boxes = 5;
  query.min_score = 0.25f;
  query.clip_boxes = true;
  const absl::StatusOr<PreparedQuery> prepared = Prepare(std::move(query));
  ASSERT_TRUE(prepared.ok()) << prepared.status();
  EXPECT_EQ(prepared->image_key, "");
  EXPECT_EQ(prepared->answer.image_digest, "");
  EXPECT_EQ(prepared->answer.image_width, 40);
  EXPECT_EQ(prepared->answer.image_height, 20);
  EXPECT_EQ(prepared->canvas.side, 64);
  EXPECT_EQ(prepared->canvas.rgb.size(), 64u * 64u * 3u);
  EXPECT_EQ(prepared->canvas.placement.image_width, 40);
  ASSERT_EQ(prepared->expressions.size(), 2u);
  EXPECT_LT(prepared->expressions[0].token_ids.size(), prepared->expressions[1].token_ids.size());
  EXPECT_EQ(prepared->answer_options.max_boxes, 5);
  EXPECT_EQ(prepared->answer_options.min_score, 0.25f);
  EXPECT_TRUE(prepared->answer_options.clip_boxes);
  call_.Finish(GroundAnswer{});
  EXPECT_GT(log_.Wait().times.prepare, Duration(0));
}

TEST_F(PrepareQueryTest, AFileIsKnownByItsDigestAndByHowItIsRead) {
  GroundQuery query = RawQuery();
  const std::vector<std::uint8_t> png = *EncodePng(std::get<Image>(query.image));
  const std::string file(png.begin(), png.end());
  query.image = file;
  const absl::StatusOr<PreparedQuery> prepared = Prepare(query);
  ASSERT_TRUE(prepared.ok()) << prepared.status();
  EXPECT_EQ(prepared->answer.image_digest, *Sha256(file));
  EXPECT_EQ(prepared->image_key, Prepare(query)->image_key);
  query.apply_exif_orientation = true;
  EXPECT_NE(prepared->image_key, Prepare(query)->image_key);
  EXPECT_EQ(prepared->answer.image_digest, Prepare(query)->answer.image_digest);
  call_.Finish(GroundAnswer{});
  EXPECT_GT(log_.Wait().times.decode, Duration(0));
}

TEST_F(PrepareQueryTest, RejectsAnExpressionBeforeItLooksAtThePicture) {
  GroundQuery query = RawQuery();
  query.image = std::string("not a picture");
  query.expressions = {"the ship", " "};
  const absl::Status status = Prepare(query).status();
  EXPECT_EQ(ReasonOf(status), "EXPRESSION_EMPTY");
  EXPECT_EQ(ViolationsOf(status).at(0).field, "expressions[1]");
  query.expressions = {"the ship"};
  EXPECT_EQ(ReasonOf(Prepare(query).status()), "UNSUPPORTED_IMAGE_FORMAT");
}

TEST_F(PrepareQueryTest, DoesNotDecodeForACallThatHasEnded) {
  GroundQuery query = RawQuery();
  query.image = std::string("not a picture");
  call_.Cancel();
  EXPECT_TRUE(absl::IsCancelled(Prepare(query).status()));
}

}  // namespace
}  // namespace lqvg::serving
