#include "server/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <ostream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "image/crc32c.h"
#include "image/rejection.h"
#include "server/wire_status.h"
#include "tests/server/serving_fixture.h"

namespace lqvg::serving {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Le;
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
  EXPECT_EQ(query->request_id, "aZ09._:/-");
}

TEST(ParseGroundRequestTest, TheDefaultsAreTheOfficialModelsAnswer) {
  const absl::StatusOr<GroundQuery> query = Parse(GoodRequest());

  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(query->max_boxes, 1);
  EXPECT_EQ(query->min_score, 0.0f);
  EXPECT_FALSE(query->clip_boxes);
  EXPECT_FALSE(query->apply_exif_orientation);
  EXPECT_EQ(query->request_id, "fallback");
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
    {"Digest", absl::StatusCode::kNotFound, "IMAGE_NOT_CACHED", "image.digest",
     [](auto& r) { r.mutable_image()->set_digest(std::string(32, 'x')); }},
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

TEST(ToGroundResponseTest, TellsBoxesSizesTimesAndNotes) {
  GroundAnswer answer;
  answer.results.push_back(std::vector<Box>{{.x_min = 1, .y_min = 2, .x_max = 3, .y_max = 4, .score = 0.5f}});
  answer.results.push_back(Reject(absl::StatusCode::kResourceExhausted, "DEVICE_MEMORY", "does not fit"));
  answer.image_width = 640;
  answer.image_height = 480;
  answer.alpha_dropped = answer.orientation_applied = true;
  answer.image_digest = std::string(32, 'i');
  answer.batch_images = 2;
  answer.batch_expressions = 5;
  answer.image_shared = true;
  StageTimes times;
  times.pool_queue = std::chrono::milliseconds(1);
  times.batch_queue = std::chrono::milliseconds(2);
  times.decode = std::chrono::milliseconds(10);
  times.prepare = std::chrono::milliseconds(20);
  times.model = std::chrono::milliseconds(2'500);
  const CallOutcome outcome{
      .answer = answer, .times = times, .total = std::chrono::milliseconds(3'000), .request_id = "id"};

  const v1::GroundResponse response = ToGroundResponse(outcome, TestModel(), "id");

  ASSERT_EQ(response.results_size(), 2);
  EXPECT_EQ(response.results(0).boxes(0).y_max(), 4.0f);
  EXPECT_EQ(response.results(0).boxes(0).score(), 0.5f);
  EXPECT_FALSE(response.results(0).has_error());
  EXPECT_EQ(DetailsOf(response.results(1).error().SerializeAsString()).info.reason(), "DEVICE_MEMORY");
  EXPECT_EQ(response.image_width(), 640u);
  EXPECT_EQ(response.image_height(), 480u);
  EXPECT_EQ(response.model().name(), "demo");
  EXPECT_EQ(response.request_id(), "id");
  EXPECT_EQ(response.image_digest(), std::string(32, 'i'));
  EXPECT_FALSE(response.image_retained());
  EXPECT_THAT(response.image_notes(), ElementsAre(v1::IMAGE_NOTE_ALPHA_DROPPED, v1::IMAGE_NOTE_ORIENTATION_APPLIED));
  EXPECT_EQ(response.receipt().queue_time().nanos(), 3'000'000);
  EXPECT_EQ(response.receipt().decode_time().nanos(), 30'000'000);
  EXPECT_EQ(response.receipt().model_time().seconds(), 2);
  EXPECT_EQ(response.receipt().model_time().nanos(), 500'000'000);
  EXPECT_EQ(response.receipt().total_time().seconds(), 3);
  EXPECT_EQ(response.receipt().batch_images(), 2u);
  EXPECT_EQ(response.receipt().batch_expressions(), 5u);
  EXPECT_EQ(response.receipt().image_cache(), v1::CACHE_OUTCOME_SHARED);
}

TEST(WireStatusTest, CarriesReasonAndFieldsInTheDetails) {
  const Refusal refusal =
      ToRefusal(Reject(kInvalid, "IMAGE_TOO_LARGE", "100 px", {{"image", "100 px, the limit is 10"}}), "id");

  EXPECT_EQ(refusal.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(refusal.reason, "IMAGE_TOO_LARGE");
  EXPECT_EQ(refusal.pushback_ms, std::nullopt);
  const ErrorDetails details = DetailsOf(refusal.status);
  EXPECT_EQ(details.info.reason(), "IMAGE_TOO_LARGE");
  EXPECT_THAT(details.Fields(), ElementsAre("image"));
  EXPECT_EQ(details.bad_request.field_violations(0).description(), "100 px, the limit is 10");
  EXPECT_FALSE(details.retry.has_retry_delay());
}

TEST(WireStatusTest, AsksForPatienceWhereItHelps) {
  constexpr auto kUnavailable = absl::StatusCode::kUnavailable;
  for (const char* reason : {"QUEUE_FULL", "MEMORY_BUDGET"}) {
    const Refusal refusal = ToRefusal(Reject(kUnavailable, reason, "full"), "id");
    ASSERT_TRUE(refusal.pushback_ms);
    EXPECT_GT(*refusal.pushback_ms, 0);
    EXPECT_EQ(DetailsOf(refusal.status).retry.retry_delay().nanos(), *refusal.pushback_ms * 1'000'000);
  }
  EXPECT_EQ(ToRefusal(Reject(kUnavailable, "DEADLINE_UNREACHABLE", "no time"), "id").pushback_ms, 0);
  EXPECT_EQ(ToRefusal(Reject(kUnavailable, "SHUTTING_DOWN", "bye"), "id").pushback_ms, std::nullopt);
}

TEST(WireStatusTest, FailuresOutsideTheContractAreInternalAndKeepTheirWords) {
  for (const absl::Status& status :
       {absl::NotFoundError("/secret/path"), Reject(kInvalid, "NO_SUCH_REASON", "/secret/path"),
        Reject(absl::StatusCode::kInternal, "INTERNAL_ERROR", "/secret/path")}) {
    const Refusal refusal = ToRefusal(status, "my-id");
    EXPECT_EQ(refusal.status.error_code(), grpc::StatusCode::INTERNAL);
    EXPECT_EQ(refusal.status.error_message(), "internal error; please report request id my-id");
    EXPECT_EQ(DetailsOf(refusal.status).info.reason(), "INTERNAL_ERROR");
    EXPECT_EQ(refusal.status.error_details().find("secret"), std::string::npos);
  }
}

TEST(WireStatusTest, LongMessagesAreCutBetweenCharacters) {
  std::string message = "x";
  for (int i = 0; i < 1'000; ++i) message += "\xc3\xa9";
  std::vector<Violation> violations(20, {std::string(1'000, 'f'), message});

  const Refusal refusal = ToRefusal(Reject(kInvalid, "IMAGE_CORRUPT", message, std::move(violations)), "id");

  EXPECT_EQ(refusal.status.error_message().size(), 1'023u);
  EXPECT_EQ(refusal.status.error_message(), message.substr(0, 1'023));
  EXPECT_THAT(DetailsOf(refusal.status).Fields(), SizeIs(8));
  // What a client accepts is 8 KiB of trailers: the message percent-encoded and the details in base64.
  EXPECT_LT(refusal.status.error_message().size() * 3 + refusal.status.error_details().size() * 4 / 3, 8'000u);
}

TEST(IsIdentifierTest, AllowsLettersDigitsAndFiveSigns) {
  EXPECT_TRUE(IsIdentifier("azAZ09._:/-"));
  EXPECT_FALSE(IsIdentifier(""));
  for (const char* text : {"a b", "a\n", "a\"", "a{", "\xc3\xa9", "a\\", "a,b"}) EXPECT_FALSE(IsIdentifier(text));
}

// Every literal of several capital words in our sources, with the file where it stands: reasons, and few other things.
std::set<std::pair<std::string, std::string>> CapitalLiterals() {
  const std::regex literal(R"re("([A-Z]+(?:_[A-Z]+)+)")re");
  std::set<std::pair<std::string, std::string>> found;
  for (const char* folder : {"image", "model", "server"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(LQVG_SOURCE_DIR "/") + folder)) {
      if (entry.path().extension() != ".cc" && entry.path().extension() != ".h") continue;
      std::ifstream file(entry.path());
      std::stringstream text;
      text << file.rdbuf();
      const std::string source = text.str();
      for (std::sregex_iterator match(source.begin(), source.end(), literal), end; match != end; ++match) {
        found.emplace((*match)[1], entry.path().filename());
      }
    }
  }
  return found;
}

TEST(ErrorReasonTest, EveryReasonInTheSourcesIsPartOfTheContract) {
  const std::regex environment_variable("(LQVG|OMP|GOMP|KMP|MKL)_.*");
  const auto literals = CapitalLiterals();

  EXPECT_GE(literals.size(), 20u);
  for (const auto& [literal, file] : literals) {
    if (std::regex_match(literal, environment_variable)) continue;
    v1::ErrorReason value;
    EXPECT_TRUE(v1::ErrorReason_Parse("ERROR_REASON_" + literal, &value)) << literal << " in " << file;
  }
}

}  // namespace
}  // namespace lqvg::serving
