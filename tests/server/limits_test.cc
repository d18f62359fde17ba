// Each limit over a socket: one below and the limit itself are served, one above is refused with value and limit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <future>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/image/crafted_files.h"
#include "tests/image/jpeg_encoder.h"
#include "tests/server/prepared_serving_fixture.h"
#include "tests/support/gate.h"

namespace lqvg::serving {
namespace {

using testing::HasSubstr;

constexpr char kGround[] = "/lqvg.v1.GroundingService/Ground";

struct Limit {
  const char* name;
  const char* reason;  // of what is beyond it
  std::uint64_t limit;
  // A request that has `value` of what is limited.
  std::function<void(std::uint64_t value, v1::GroundRequest& request)> make;
  // Sets the limit, where it is not the default.
  std::function<void(RequestLimits&)> set = [](RequestLimits&) {};
  const char* said = nullptr;  // how the message calls the limit, if not by the number
  bool lower = false;          // the limit is the least
};

void PrintTo(const Limit& limit, std::ostream* out) { *out << limit.name; }

void SetPicture(const Bytes& bytes, v1::GroundRequest& request) {
  request.mutable_image()->set_encoded(std::string(bytes.begin(), bytes.end()));
}

void SetPng(std::uint64_t width, std::uint64_t height, v1::GroundRequest& request) {
  SetPicture(PngFile({.width = static_cast<std::uint32_t>(width), .height = static_cast<std::uint32_t>(height)}),
             request);
}

// 527, 528 or 529 pixels of one byte.
void SetPixels(std::uint64_t pixels, v1::GroundRequest& request) {
  const std::uint64_t width = pixels == 527 ? 17 : pixels == 528 ? 16 : 23;
  SetPng(width, pixels / width, request);
}

// The number before the limit, the limit, or the number behind it, for `value` one below, at or one above `middle`.
float Around(float limit, std::uint64_t value, std::uint64_t middle) {
  if (value == middle) return limit;
  return std::nextafter(limit, value < middle ? -10.0f : 10.0f);
}

Bytes PngOfChunks(std::uint64_t chunks) {
  Bytes texts;
  for (std::uint64_t i = 3; i < chunks; ++i) Append(&texts, PngChunk("tEXt", {'a', 0, 'b'}));
  return PngFile({.before_data = texts});
}

// A strip for each row.
Bytes TiffOfStrips(std::uint32_t strips) {
  TiffRecipe recipe;
  recipe.data.resize(std::size_t{strips} * 32);
  recipe.tags[257] = {strips};
  recipe.tags[278] = {1};
  recipe.tags[273] = recipe.tags[279] = {};
  for (std::uint32_t i = 0; i < strips; ++i) {
    recipe.tags[273].push_back(8 + i * 32);
    recipe.tags[279].push_back(32);
  }
  return TiffFile(recipe);
}

// A request of exactly `bytes`: what follows a picture's end is not looked at.
void FillTo(std::uint64_t bytes, v1::GroundRequest& request) {
  std::string* const picture = request.mutable_image()->mutable_encoded();
  while (request.ByteSizeLong() < bytes) picture->resize(picture->size() + bytes - request.ByteSizeLong());
  while (request.ByteSizeLong() > bytes) picture->pop_back();
}

std::vector<Limit> Limits() {
  const auto any = [](RequestLimits&) {};
  return {
      {"RequestBytes", "", 70'000, FillTo, [](RequestLimits& l) { l.max_request_bytes = 70'000; }},
      {"Pixels", "IMAGE_TOO_LARGE", 528, SetPixels, [](RequestLimits& l) { l.image.max_pixels = 528; }},
      {"DecodedBytes", "IMAGE_TOO_LARGE", 528, SetPixels, [](RequestLimits& l) { l.image.max_decoded_bytes = 528; }},
      {"LongestSide", "IMAGE_TOO_LARGE", 100, [](auto n, auto& r) { SetPng(50, n, r); },
       [](RequestLimits& l) { l.image.max_side = 100; }},
      {"ShortestSide", "IMAGE_TOO_SMALL", 16, [](auto n, auto& r) { SetPng(n, 40, r); }, any, nullptr, true},
      {"Aspect", "IMAGE_TOO_LARGE", 16 * 64, [](auto n, auto& r) { SetPng(n, 16, r); }, any, "64 times"},
      {"JpegScans", "IMAGE_LIMIT_EXCEEDED", 100,
       [](auto n, auto& r) { SetPicture(JpegFile({.progressive = true, .scans = static_cast<int>(n)}), r); }},
      {"PngChunks", "IMAGE_LIMIT_EXCEEDED", 1'000, [](auto n, auto& r) { SetPicture(PngOfChunks(n), r); }},
      {"AncillaryBytes", "IMAGE_LIMIT_EXCEEDED", 2'000,
       [](auto n, auto& r) { SetPicture(PngFile({.before_data = PngChunk("prIv", Bytes(n, 7))}), r); },
       [](RequestLimits& l) { l.image.max_ancillary_bytes = 2'000; }},
      {"TiffStrips", "IMAGE_LIMIT_EXCEEDED", 40,
       [](auto n, auto& r) { SetPicture(TiffOfStrips(static_cast<std::uint32_t>(n)), r); },
       [](RequestLimits& l) { l.image.max_tiff_strips = 40; }},
      {"Expressions", "TOO_MANY_EXPRESSIONS", 32,
       [](auto n, auto& r) {
         while (r.expressions_size() < static_cast<int>(n)) r.add_expressions("ship");
       }},
      {"ExpressionBytes", "EXPRESSION_TOO_LONG", 100, [](auto n, auto& r) { r.add_expressions(std::string(n, 'x')); },
       [](RequestLimits& l) { l.max_expression_bytes = 100; }},
      {"MostBoxes", "PARAMETER_OUT_OF_RANGE", FakeGrounder::kQueries,
       [](auto n, auto& r) { r.set_max_boxes(static_cast<std::uint32_t>(n)); }},
      {"FewestBoxes", "PARAMETER_OUT_OF_RANGE", 1,
       [](auto n, auto& r) { r.set_max_boxes(static_cast<std::uint32_t>(n)); }, any, nullptr, true},
      {"HighestScore", "PARAMETER_OUT_OF_RANGE", 1, [](auto n, auto& r) { r.set_min_score(Around(1, n, 1)); }},
      {"LowestScore", "PARAMETER_OUT_OF_RANGE", 1, [](auto n, auto& r) { r.set_min_score(Around(0, n, 1)); }, any,
       "0..1", true},
      {"RequestId", "PARAMETER_OUT_OF_RANGE", 128, [](auto n, auto& r) { r.set_request_id(std::string(n, 'x')); }},
  };
}

class LimitsTest : public PreparedServingTest {
 protected:
  static v1::GroundRequest Request() {
    v1::GroundRequest request;
    SetPng(32, 32, request);
    request.add_expressions("the ship");
    return request;
  }
};

class EachLimitTest : public LimitsTest, public testing::WithParamInterface<Limit> {};

TEST_P(EachLimitTest, IsInclusiveAndWhatIsBeyondIsToldTheLimit) {
  const Limit& limit = GetParam();
  server_options().limits.max_request_bytes = 16u << 20;
  limit.set(server_options().limits);
  StartPrepared();
  for (const std::uint64_t value : {limit.limit - 1, limit.limit, limit.limit + 1}) {
    SCOPED_TRACE(value);
    v1::GroundRequest request = Request();
    limit.make(value, request);
    const grpc::Status status = Send(kGround, request.SerializeAsString());
    if (limit.lower ? value >= limit.limit : value <= limit.limit) {
      EXPECT_TRUE(status.ok()) << status.error_message();
      continue;
    }
    EXPECT_THAT(status.error_message(), HasSubstr(limit.said ? limit.said : absl::StrCat(limit.limit)));
    if (limit.reason[0] == '\0') {
      EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << "by the library";
      EXPECT_EQ(status.error_details(), "");
    } else {
      EXPECT_EQ(ReasonOf(status), limit.reason);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, EachLimitTest, testing::ValuesIn(Limits()),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

TEST_F(LimitsTest, TokensAreLimitedInclusively) {
  StartPrepared();
  const auto max_tokens = static_cast<std::size_t>(grounder().info().max_tokens);
  for (const std::size_t tokens : {max_tokens - 1, max_tokens, max_tokens + 1}) {
    const std::string text(tokens - 2, '~');  // a token each, and the two that mark the ends
    ASSERT_EQ(tokenizer().Encode(text)->size(), tokens);
    v1::GroundRequest request = Request();
    request.add_expressions(text);
    const grpc::Status status = Send(kGround, request.SerializeAsString());
    EXPECT_EQ(status.ok(), tokens <= max_tokens) << tokens;
    if (status.ok()) continue;
    EXPECT_EQ(ReasonOf(status), "EXPRESSION_TOO_LONG");
    EXPECT_THAT(status.error_message(), HasSubstr("513 tokens, the limit is 512"));
  }
}

TEST_F(LimitsTest, BytesInTheServerAreLimitedInclusively) {
  constexpr std::size_t kBytes = 1'000;
  pipeline_options().admission.max_bytes = kBytes;
  StartPrepared();
  for (const std::size_t bytes : {kBytes - 1, kBytes, kBytes + 1}) {
    v1::GroundRequest request = Request();
    FillTo(bytes, request);
    const grpc::Status status = Send(kGround, request.SerializeAsString());
    EXPECT_EQ(status.ok(), bytes <= kBytes) << status.error_message();
    if (status.ok()) continue;
    EXPECT_EQ(ReasonOf(status), "MEMORY_BUDGET");
    EXPECT_THAT(status.error_message(), HasSubstr("1001 bytes exceed the limit of 1000"));
  }
}

TEST_F(LimitsTest, CallsInTheServerAreLimitedInclusively) {
  constexpr int kCalls = 3;
  pipeline_options().admission.max_calls = kCalls;
  Gate gate;
  grounder().before_encode_images = [&gate] { gate.Pass(); };
  StartPrepared();
  std::vector<std::future<grpc::Status>> held;
  held.reserve(kCalls);
  for (int i = 0; i < kCalls; ++i) {
    held.push_back(std::async(std::launch::async, [this] { return Send(kGround, Request().SerializeAsString()); }));
  }
  while (pipeline().occupancy().in_flight < kCalls) std::this_thread::yield();

  const grpc::Status refused = Send(kGround, Request().SerializeAsString());

  EXPECT_EQ(ReasonOf(refused), "QUEUE_FULL");
  EXPECT_THAT(refused.error_message(), HasSubstr("3 calls are in the server, the limit is 3"));
  gate.Open();
  for (std::future<grpc::Status>& call : held) EXPECT_TRUE(call.get().ok());
}

// The library counts each entry with 32 bytes more, and adds entries of its own: where the limit lies is found.
TEST_F(LimitsTest, MetadataIsLimitedByTheLibrary) {
  StartPrepared();
  const auto send = [this](std::size_t bytes) {
    grpc::ClientContext context;
    context.AddMetadata("x-padding", std::string(bytes, 'x'));
    return SendIn(context, kGround, Request().SerializeAsString()).error_code();
  };
  // What the library's own headers take of the 8 KiB differs from call to call.
  EXPECT_EQ(send(7'000), grpc::StatusCode::OK);
  EXPECT_EQ(send(8'192), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace lqvg::serving
