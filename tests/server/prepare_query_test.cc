#include "server/prepare_query.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "image/png_writer.h"
#include "image/rejection.h"
#include "server/decode_budget.h"
#include "server/digest.h"
#include "server/shared_decode.h"
#include "tests/support/fake_clock.h"
#include "tests/support/outcome_log.h"
#include "tests/support/read_file.h"

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

  absl::StatusOr<PreparedQuery> Prepare(GroundQuery query, DecodeBudget* budget = nullptr) {
    absl::StatusOr<Preparation> preparation = Begin(std::move(query), budget);
    if (!preparation.ok()) return preparation.status();
    return Complete(*std::move(preparation), call_);
  }

  // Up to where the picture is to be read.
  absl::StatusOr<Preparation> Begin(GroundQuery query, DecodeBudget* budget = nullptr) {
    return PrepareQuery(std::move(query), call_, *tokenizer_, {.canvas_side = 64, .decode_budget = budget}, clock_);
  }

  static std::unique_ptr<const Tokenizer> tokenizer_;
  SteadyClock clock_;
  OutcomeLog log_;
  Call call_{clock_, clock_.Now() + std::chrono::seconds(60), nullptr, log_.Recorder(), AdmissionSlot()};
};

std::unique_ptr<const Tokenizer> PrepareQueryTest::tokenizer_;

TEST_F(PrepareQueryTest, KnowsWhatAQueryDemandsBeforeItsPictureIsRead) {
  GroundQuery query = RawQuery();
  query.image = std::string("no picture at all");
  query.apply_exif_orientation = true;
  absl::StatusOr<Preparation> preparation = Begin(query);
  ASSERT_TRUE(preparation.ok()) << preparation.status();
  const Demand demand = DemandOf(preparation->query);
  EXPECT_EQ(demand.image_key, *Sha256("no picture at all") + "+exif");
  EXPECT_EQ(demand.expression_count, 2);
  EXPECT_FALSE(demand.picture_known);
  EXPECT_EQ(ReasonOf(Complete(*std::move(preparation), call_).status()), "UNSUPPORTED_IMAGE_FORMAT");
}

TEST_F(PrepareQueryTest, RejectsExpressionsFirst) {
  GroundQuery query = RawQuery();
  query.expressions = {" "};
  EXPECT_EQ(ReasonOf(Begin(query).status()), "EXPRESSION_EMPTY");
}

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

TEST_F(PrepareQueryTest, HoldsItsShareOfTheBudgetWhileThePixelsExist) {
  const std::vector<std::uint8_t> png = *EncodePng(std::get<Image>(RawQuery().image));
  const std::uint64_t needed = ScanHeader(png, ImageLimits())->decoded_bytes;
  GroundQuery query = RawQuery();
  query.image = std::string(png.begin(), png.end());

  DecodeBudget enough(needed);
  EXPECT_TRUE(Prepare(query, &enough).ok());
  EXPECT_EQ(enough.reserved(), 0u);

  DecodeBudget too_small(needed - 1);
  EXPECT_EQ(ReasonOf(Prepare(query, &too_small).status()), "IMAGE_TOO_LARGE");

  const absl::StatusOr<DecodeShare> others = enough.Reserve(1, call_);
  std::thread leaving([&] {
    while (enough.waiting() == 0) std::this_thread::yield();
    call_.Cancel();
  });
  EXPECT_TRUE(absl::IsCancelled(Prepare(query, &enough).status()));
  leaving.join();
}

TEST_F(PrepareQueryTest, APictureThatIsTurnedNeedsRoomForTwo) {
  const std::vector<std::uint8_t> file = ReadFile(LQVG_SOURCE_DIR "/tests/image/fixtures/orientation6.jpg");
  const ImageHeader header = *ScanHeader(file, ImageLimits());
  GroundQuery query = RawQuery();
  query.image = std::string(file.begin(), file.end());
  DecodeBudget one(header.decoded_bytes);
  DecodeBudget two(header.decoded_bytes + header.turning_bytes);
  EXPECT_TRUE(Prepare(query, &one).ok());
  query.apply_exif_orientation = true;
  EXPECT_EQ(ReasonOf(Prepare(query, &one).status()), "IMAGE_TOO_LARGE");
  EXPECT_TRUE(Prepare(query, &two).ok());
}

TEST_F(PrepareQueryTest, TheSameFileAtTheSameTimeIsDecodedOnce) {
  GroundQuery query = RawQuery();
  const std::vector<std::uint8_t> png = *EncodePng(std::get<Image>(query.image));
  query.image = std::string(png.begin(), png.end());
  DecodeBudget budget(1 << 20);
  SharedDecode shared;
  const PrepareOptions options = {.canvas_side = 64, .decode_budget = &budget, .shared_decode = &shared};
  absl::StatusOr<DecodeShare> others = budget.Reserve(1 << 20, call_);
  absl::StatusOr<PreparedQuery> prepared[2] = {absl::UnknownError(""), absl::UnknownError("")};
  std::thread threads[2];
  for (int i = 0; i < 2; ++i) {
    threads[i] = std::thread([&, i] {
      Call call(
          clock_, clock_.Now() + std::chrono::seconds(60), nullptr, [](const CallOutcome&) {}, AdmissionSlot());
      prepared[i] = Complete(*PrepareQuery(query, call, *tokenizer_, options, clock_), call);
    });
  }
  while (budget.waiting() + shared.waiting() < 2) std::this_thread::yield();
  EXPECT_EQ(budget.waiting(), 1u) << "the other one waits for its pixels, not for memory of its own";
  *others = DecodeShare();
  for (int i = 0; i < 2; ++i) {
    threads[i].join();
    ASSERT_TRUE(prepared[i].ok()) << prepared[i].status();
    EXPECT_EQ(prepared[i]->canvas.rgb.size(), 64u * 64u * 3u);
    EXPECT_EQ(prepared[i]->answer.image_width, 40);
    EXPECT_EQ(prepared[i]->answer.image_digest, *Sha256(std::get<std::string>(query.image)));
  }
  EXPECT_EQ(prepared[0]->canvas.rgb, prepared[1]->canvas.rgb);
}

TEST_F(PrepareQueryTest, RawPixelsNeedNoShare) {
  DecodeBudget nothing(0);
  EXPECT_TRUE(Prepare(RawQuery(), &nothing).ok());
}

}  // namespace
}  // namespace lqvg::serving
