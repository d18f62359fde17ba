#include "server/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "image/crc32c.h"
#include "image/rejection.h"
#include "server/wire_status.h"
#include "tests/server/serving_fixture.h"

namespace lqvg::serving {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

ModelInfo TestModel() {
  return {.name = "demo",
          .digest = std::string(64, 'd'),
          .input_size = 1'024,
          .num_queries = 10,
          .max_tokens = 77,
          .device = "cpu",
          .precision = "fp32"};
}

absl::StatusOr<GroundQuery> Parse(const v1::GroundRequest& request) {
  return ParseGroundRequest(ToByteBuffer(request), RequestLimits(), TestModel(), "fallback");
}

v1::GroundRequest RawRequest(std::uint32_t width, std::uint32_t height, std::size_t bytes) {
  v1::GroundRequest request = GoodRequest();
  v1::RawImage* const raw = request.mutable_image()->mutable_raw();
  raw->set_width(width);
  raw->set_height(height);
  raw->set_data(std::string(bytes, '\x80'));
  return request;
}

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const Violation& violation : ViolationsOf(status)) fields.push_back(violation.field);
  return fields;
}

TEST(ParseGroundRequestTest, TakesOverEverythingThatWasAsked) {
  v1::GroundRequest request = GoodRequest();
  request.mutable_image()->set_apply_exif_orientation(true);
  request.mutable_image()->set_crc32c(Crc32c("picture"));
  request.add_expressions("second");
  request.set_max_boxes(10);
  request.set_min_score(0.25f);
  request.set_clip_boxes(true);
  request.set_request_id("aZ09._:/-");
  request.set_model("demo");
  request.set_cache_policy(v1::CACHE_POLICY_BYPASS);

  const absl::StatusOr<GroundQuery> query = Parse(request);

  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(std::get<std::string>(query->image), "picture");
  EXPECT_TRUE(query->apply_exif_orientation);
  EXPECT_THAT(query->expressions, ElementsAre("the storage tank", "second"));
  EXPECT_EQ(query->max_boxes, 10);
  EXPECT_EQ(query->min_score, 0.25f);
  EXPECT_TRUE(query->clip_boxes);
  EXPECT_TRUE(query->bypass_caches);
  EXPECT_EQ(query->request_id, "aZ09._:/-");
}

TEST(ParseGroundRequestTest, TheDefaultsAreTheOfficialModelsAnswer) {
  const absl::StatusOr<GroundQuery> query = Parse(GoodRequest());

  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(query->max_boxes, 1);
  EXPECT_EQ(query->min_score, 0.0f);
  EXPECT_FALSE(query->clip_boxes);
  EXPECT_FALSE(query->apply_exif_orientation);
  EXPECT_FALSE(query->bypass_caches);
  EXPECT_EQ(query->request_id, "fallback");
}

TEST(ParseGroundRequestTest, ADigestStandsForAPictureAndHasNoBytesToCheck) {
  v1::GroundRequest request = GoodRequest();
  request.mutable_image()->set_digest(std::string(32, 'x'));
  request.mutable_image()->set_crc32c(Crc32c("picture"));

  const absl::StatusOr<GroundQuery> query = Parse(request);

  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(std::get<ImageDigest>(query->image).sha256, std::string(32, 'x'));
}

TEST(ParseGroundRequestTest, RawPixelsBecomeAnImage) {
  const absl::StatusOr<GroundQuery> query = Parse(RawRequest(20, 16, 20 * 16 * 3));

  ASSERT_TRUE(query.ok()) << query.status();
  const Image& image = std::get<Image>(query->image);
  EXPECT_EQ(image.width, 20);
  EXPECT_EQ(image.height, 16);
  EXPECT_EQ(image.rgb, std::vector<std::uint8_t>(20 * 16 * 3, 0x80));
}

TEST(ParseGroundRequestTest, AcceptsEachParameterAtItsLimit) {
  v1::GroundRequest request = GoodRequest();
  while (request.expressions_size() < 32) request.add_expressions(std::string(4'096, 'x'));
  request.set_max_boxes(10);
  request.set_min_score(1.0f);
  request.set_request_id(std::string(128, 'x'));
  request.set_model(TestModel().digest);

  EXPECT_TRUE(Parse(request).ok()) << Parse(request).status();
}

struct Refused {
  const char* name;
  absl::StatusCode code;
  const char* reason;
  const char* field;
  std::function<void(v1::GroundRequest&)> spoil;
};

void PrintTo(const Refused& row, std::ostream* out) { *out << row.name; }

class RefusedRequestTest : public testing::TestWithParam<Refused> {};

TEST_P(RefusedRequestTest, NamesTheReasonAndTheField) {
  v1::GroundRequest request = GoodRequest();
  request.set_request_id("own-id");
  GetParam().spoil(request);

  const absl::Status status = Parse(request).status();

  EXPECT_EQ(status.code(), GetParam().code);
  EXPECT_EQ(ReasonOf(status), GetParam().reason);
  EXPECT_THAT(FieldsOf(status), ElementsAre(GetParam().field));
  EXPECT_FALSE(RequestIdOf(status).empty());
}

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

const Refused kRefused[] = {
    {"NoImage", kInvalid, "FIELD_REQUIRED", "image", [](auto& r) { r.clear_image(); }},
    {"NoSource", kInvalid, "FIELD_REQUIRED", "image", [](auto& r) { r.mutable_image()->clear_source(); }},
    {"EmptyFile", kInvalid, "FIELD_REQUIRED", "image.encoded", [](auto& r) { r.mutable_image()->set_encoded(""); }},
    {"EmptyPixels", kInvalid, "FIELD_REQUIRED", "image.raw.data", [](auto& r) { r = RawRequest(20, 16, 0); }},
    {"EmptyDigest", kInvalid, "FIELD_REQUIRED", "image.digest", [](auto& r) { r.mutable_image()->set_digest(""); }},
    {"NoExpressions", kInvalid, "FIELD_REQUIRED", "expressions", [](auto& r) { r.clear_expressions(); }},
    {"ThirtyThreeExpressions", kInvalid, "TOO_MANY_EXPRESSIONS", "expressions",
     [](auto& r) {
       while (r.expressions_size() < 33) r.add_expressions(std::string(5'000, 'x'));
     }},
    {"LongExpression", kInvalid, "EXPRESSION_TOO_LONG", "expressions[1]",
     [](auto& r) { r.add_expressions(std::string(4'097, 'x')); }},
    {"NoBoxes", kInvalid, "PARAMETER_OUT_OF_RANGE", "max_boxes", [](auto& r) { r.set_max_boxes(0); }},
    {"MoreBoxesThanQueries", kInvalid, "PARAMETER_OUT_OF_RANGE", "max_boxes", [](auto& r) { r.set_max_boxes(11); }},
    {"MostBoxes", kInvalid, "PARAMETER_OUT_OF_RANGE", "max_boxes", [](auto& r) { r.set_max_boxes(0xffffffff); }},
    {"NegativeScore", kInvalid, "PARAMETER_OUT_OF_RANGE", "min_score", [](auto& r) { r.set_min_score(-0.01f); }},
    {"ScoreAboveOne", kInvalid, "PARAMETER_OUT_OF_RANGE", "min_score", [](auto& r) { r.set_min_score(1.01f); }},
    {"NanScore", kInvalid, "PARAMETER_OUT_OF_RANGE", "min_score", [](auto& r) { r.set_min_score(std::nanf("")); }},
    {"InfiniteScore", kInvalid, "PARAMETER_OUT_OF_RANGE", "min_score",
     [](auto& r) { r.set_min_score(std::numeric_limits<float>::infinity()); }},
    {"LongRequestId", kInvalid, "PARAMETER_OUT_OF_RANGE", "request_id",
     [](auto& r) { r.set_request_id(std::string(129, 'x')); }},
    {"RequestIdWithNewline", kInvalid, "PARAMETER_OUT_OF_RANGE", "request_id",
     [](auto& r) { r.set_request_id("forged\nline"); }},
    {"UnknownCachePolicy", kInvalid, "PARAMETER_OUT_OF_RANGE", "cache_policy",
     [](auto& r) { r.set_cache_policy(static_cast<v1::CachePolicy>(77)); }},
    {"UnknownPixelFormat", kInvalid, "PARAMETER_OUT_OF_RANGE", "image.raw.format",
     [](auto& r) {
       r = RawRequest(20, 16, 20 * 16 * 3);
       r.mutable_image()->mutable_raw()->set_format(static_cast<v1::PixelFormat>(77));
     }},
    {"OnePixelTooFew", kInvalid, "PARAMETER_OUT_OF_RANGE", "image.raw.data",
     [](auto& r) { r = RawRequest(20, 16, 20 * 16 * 3 - 1); }},
    {"OnePixelTooMany", kInvalid, "PARAMETER_OUT_OF_RANGE", "image.raw.data",
     [](auto& r) { r = RawRequest(20, 16, 20 * 16 * 3 + 1); }},
    {"SmallRawImage", kInvalid, "IMAGE_TOO_SMALL", "image.raw", [](auto& r) { r = RawRequest(15, 16, 720); }},
    {"LargeRawImage", kInvalid, "IMAGE_TOO_LARGE", "image.raw", [](auto& r) { r = RawRequest(16'385, 300, 3); }},
    // 3 * (2^31)^2 does not fit 64 bits, and 3 * 2^31 * 2^31 = 0 modulo 2^62.
    {"OverflowingRawImage", kInvalid, "IMAGE_TOO_LARGE", "image.raw",
     [](auto& r) { r = RawRequest(1u << 31, 1u << 31, 0); }},
    {"ShortDigest", kInvalid, "PARAMETER_OUT_OF_RANGE", "image.digest",
     [](auto& r) { r.mutable_image()->set_digest(std::string(31, 'x')); }},
    {"OtherModel", absl::StatusCode::kNotFound, "MODEL_NOT_FOUND", "model", [](auto& r) { r.set_model("other"); }},
    {"WrongChecksum", absl::StatusCode::kDataLoss, "IMAGE_CHECKSUM_MISMATCH", "image.crc32c",
     [](auto& r) { r.mutable_image()->set_crc32c(Crc32c("picture") ^ 1); }},
    {"WrongChecksumOfPixels", absl::StatusCode::kDataLoss, "IMAGE_CHECKSUM_MISMATCH", "image.crc32c",
     [](auto& r) {
       r = RawRequest(20, 16, 20 * 16 * 3);
       r.mutable_image()->set_crc32c(0);
     }},
};

INSTANTIATE_TEST_SUITE_P(, RefusedRequestTest, testing::ValuesIn(kRefused),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

TEST(ParseGroundRequestTest, ListsAllFaultsWithTheFirstOnesReason) {
  v1::GroundRequest request = GoodRequest();
  request.clear_image();
  request.add_expressions(std::string(5'000, 'x'));
  request.set_max_boxes(0);

  const absl::Status status = Parse(request).status();

  EXPECT_EQ(ReasonOf(status), "FIELD_REQUIRED");
  EXPECT_THAT(FieldsOf(status), ElementsAre("image", "expressions[1]", "max_boxes"));
  EXPECT_EQ(status.message(), "image: one of encoded, raw and digest is required; and 2 more");
}

TEST(ParseGroundRequestTest, ListsAtMostEightFaultsAndCountsTheRest) {
  v1::GroundRequest request = GoodRequest();
  request.clear_expressions();
  for (int i = 0; i < 32; ++i) request.add_expressions(std::string(5'000, 'x'));

  const absl::Status status = Parse(request).status();

  EXPECT_THAT(FieldsOf(status), SizeIs(8));
  EXPECT_EQ(status.message(), "expressions[0]: 5000 bytes, the limit is 4096; and 31 more");
}

TEST(ParseGroundRequestTest, AMessageThatIsNotOneIsMalformed) {
  const grpc::Slice slice("\xff\xff\xff");

  const absl::Status status =
      ParseGroundRequest(grpc::ByteBuffer(&slice, 1), RequestLimits(), TestModel(), "fallback").status();

  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "MALFORMED_REQUEST");
  EXPECT_EQ(RequestIdOf(status), "fallback");
}

TEST(ParseGroundRequestTest, MessagesNeverRepeatWhatTheCallerSent) {
  v1::GroundRequest request = GoodRequest();
  request.set_model("caller's words");
  EXPECT_EQ(Parse(request).status().message().find("caller"), absl::string_view::npos);

  request.set_request_id("caller's words");
  EXPECT_EQ(Parse(request).status().message().find("caller"), absl::string_view::npos);
}

TEST(ParseGroundStreamRequestTest, TakesOverWhatIsAskedAndChecksItAsForGround) {
  v1::GroundStreamRequest item;
  *item.mutable_request() = GoodRequest();
  item.mutable_request()->set_request_id("own-id");
  item.mutable_timeout()->set_seconds(1);
  const auto parse = [&item] {
    return ParseGroundStreamRequest(ToByteBuffer(item), RequestLimits(), TestModel(), "fallback");
  };

  const absl::StatusOr<GroundQuery> query = parse();
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(query->request_id, "own-id");
  EXPECT_EQ(std::get<std::string>(query->image), "picture");

  item.mutable_request()->set_max_boxes(11);
  item.mutable_timeout()->set_nanos(-1);
  EXPECT_THAT(FieldsOf(parse().status()), ElementsAre("timeout", "max_boxes"));
  EXPECT_EQ(RequestIdOf(parse().status()), "own-id");

  item.Clear();
  EXPECT_THAT(FieldsOf(parse().status()), ElementsAre("image", "expressions"));
  EXPECT_EQ(RequestIdOf(parse().status()), "fallback");
}

TEST(ParseGroundStreamRequestTest, AMessageThatIsNotOneIsMalformed) {
  const grpc::Slice slice(GoodRequest().SerializeAsString());  // an image where an item has its request

  const absl::Status status =
      ParseGroundStreamRequest(grpc::ByteBuffer(&slice, 1), RequestLimits(), TestModel(), "fallback").status();

  EXPECT_EQ(ReasonOf(status), "MALFORMED_REQUEST");
  EXPECT_EQ(RequestIdOf(status), "fallback");
}

gpr_timespec FromNow(std::int64_t seconds) {
  return gpr_time_add(gpr_now(GPR_CLOCK_REALTIME), gpr_time_from_seconds(seconds, GPR_TIMESPAN));
}

TEST(TimeLeftTest, CountsFromNow) {
  const std::optional<Duration> left = TimeLeft(FromNow(3'600));

  ASSERT_TRUE(left);
  EXPECT_LE(*left, std::chrono::seconds(3'600));
  EXPECT_GT(*left, std::chrono::seconds(3'000));
}

TEST(TimeLeftTest, IsNegativeWhenTheDeadlineHasPassed) {
  const std::optional<Duration> left = TimeLeft(FromNow(-10));

  ASSERT_TRUE(left);
  EXPECT_LE(*left, std::chrono::seconds(-10));
}

TEST(TimeLeftTest, ThereIsNoneWithoutDeadline) {
  EXPECT_EQ(TimeLeft(gpr_inf_future(GPR_CLOCK_REALTIME)), std::nullopt);
}

TEST(TimeLeftTest, DeadlinesBeyondAClocksRangeAreADayAway) {
  constexpr std::int64_t kLongestTimeout = 99'999'999LL * 3'600;  // of the header grpc-timeout

  EXPECT_EQ(TimeLeft(FromNow(kLongestTimeout)), Duration(std::chrono::hours(24)));
}

TEST(IsIdentifierTest, AllowsLettersDigitsAndFiveSigns) {
  EXPECT_TRUE(IsIdentifier("azAZ09._:/-"));
  EXPECT_FALSE(IsIdentifier(""));
  for (const char* text : {"a b", "a\n", "a\"", "a{", "\xc3\xa9", "a\\", "a,b"}) EXPECT_FALSE(IsIdentifier(text));
}

}  // namespace
}  // namespace lqvg::serving
