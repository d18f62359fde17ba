#include "server/oip_wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <ostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "image/rejection.h"
#include "server/wire.h"
#include "server/wire_status.h"
#include "tests/server/infer_request.h"

namespace lqvg::serving {
namespace {

using inference::ModelInferRequest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

ModelInfo TestModel() {
  ModelInfo model;
  model.name = "demo";
  return model;
}

absl::StatusOr<InferQuery> Parse(const ModelInferRequest& request, const RequestLimits& limits = {}) {
  grpc::ByteBuffer bytes = ToByteBuffer(request);
  return ParseModelInferRequest(bytes, limits, TestModel(), "fallback");
}

std::string PictureOf(const GroundQuery& query) { return std::get<std::string>(query.image); }

std::vector<std::pair<std::size_t, std::size_t>> PlacesOf(const InferQuery& infer) {
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (const InferLayout::Place& place : infer.layout.places) places.emplace_back(place.query, place.expression);
  return places;
}

TEST(ParseModelInferRequestTest, OneImageServesAllExpressions) {
  ModelInferRequest request = InferRequest({"picture"}, {"the ship", "a tank", ""});
  request.set_id("my-id");
  request.set_model_name("demo");
  request.set_model_version("1");

  const absl::StatusOr<InferQuery> infer = Parse(request);

  ASSERT_TRUE(infer.ok()) << infer.status();
  ASSERT_THAT(infer->queries, SizeIs(1));
  const GroundQuery& query = infer->queries[0];
  EXPECT_EQ(PictureOf(query), "picture");
  EXPECT_THAT(query.expressions, ElementsAre("the ship", "a tank", "")) << "preparation refuses the empty one";
  EXPECT_EQ(query.request_id, "my-id");
  EXPECT_EQ(query.max_boxes, 1);
  EXPECT_EQ(query.min_score, 0.0f);
  EXPECT_FALSE(query.clip_boxes);
  EXPECT_FALSE(query.deadline);
  EXPECT_THAT(PlacesOf(*infer), ElementsAre(std::pair(0, 0), std::pair(0, 1), std::pair(0, 2)));
  EXPECT_THAT(infer->layout.outputs, ElementsAre(InferOutput::kBoxes, InferOutput::kScores));
  EXPECT_EQ(infer->layout.id, "my-id");
  EXPECT_FALSE(infer->timeout);
}

TEST(ParseModelInferRequestTest, PairsAreOneQueryForEachDifferentImage) {
  const absl::StatusOr<InferQuery> infer = Parse(InferRequest({"a", "b", "a", "b"}, {"1", "2", "3", "4"}));

  ASSERT_TRUE(infer.ok()) << infer.status();
  ASSERT_THAT(infer->queries, SizeIs(2));
  EXPECT_EQ(PictureOf(infer->queries[0]), "a");
  EXPECT_THAT(infer->queries[0].expressions, ElementsAre("1", "3"));
  EXPECT_EQ(PictureOf(infer->queries[1]), "b");
  EXPECT_THAT(infer->queries[1].expressions, ElementsAre("2", "4"));
  EXPECT_THAT(PlacesOf(*infer), ElementsAre(std::pair(0, 0), std::pair(1, 0), std::pair(0, 1), std::pair(1, 1)));
  EXPECT_THAT(infer->layout.images, ElementsAre(0, 1));
}

TEST(ParseModelInferRequestTest, ColumnsOfOneAreTheSameAsRows) {
  ModelInferRequest request;
  AddRawInput("EXPRESSION", {"1", "2"}, {2, 1}, request);  // inputs come in any order
  AddRawInput("IMAGE", {"a", "b"}, {2, 1}, request);

  const absl::StatusOr<InferQuery> infer = Parse(request);

  ASSERT_TRUE(infer.ok()) << infer.status();
  ASSERT_THAT(infer->queries, SizeIs(2));
  EXPECT_EQ(PictureOf(infer->queries[1]), "b");
  EXPECT_THAT(infer->queries[1].expressions, ElementsAre("2"));
}

TEST(ParseModelInferRequestTest, ContentsMayComeWithTheInputs) {
  ModelInferRequest request;
  AddInput("IMAGE", {1, 1}, request).mutable_contents()->add_bytes_contents("picture");
  auto& expression = AddInput("EXPRESSION", {2}, request);
  expression.mutable_contents()->add_bytes_contents("one");
  expression.mutable_contents()->add_bytes_contents("two");

  const absl::StatusOr<InferQuery> infer = Parse(request);

  ASSERT_TRUE(infer.ok()) << infer.status();
  EXPECT_EQ(PictureOf(infer->queries.at(0)), "picture");
  EXPECT_THAT(infer->queries[0].expressions, ElementsAre("one", "two"));
}

TEST(ParseModelInferRequestTest, AnIdThatIsNoIdentifierIsEchoedAndNotUsed) {
  ModelInferRequest request = InferRequest({"a"}, {"1"});
  request.set_id("ticket 7");
  const absl::StatusOr<InferQuery> infer = Parse(request);
  ASSERT_TRUE(infer.ok()) << infer.status();
  EXPECT_EQ(infer->layout.id, "ticket 7");
  EXPECT_EQ(infer->layout.request_id, "fallback");
  EXPECT_EQ(infer->queries.at(0).request_id, "fallback");
}

TEST(ParseModelInferRequestTest, OutputsAreThoseAskedForInThatOrder) {
  ModelInferRequest request = InferRequest({"a"}, {"1"});
  request.add_outputs()->set_name("SCORES");
  EXPECT_THAT(Parse(request)->layout.outputs, ElementsAre(InferOutput::kScores));
  request.add_outputs()->set_name("BOXES");
  EXPECT_THAT(Parse(request)->layout.outputs, ElementsAre(InferOutput::kScores, InferOutput::kBoxes));
}

TEST(ParseModelInferRequestTest, TheTimeoutIsInMicrosecondsAndZeroIsNone) {
  ModelInferRequest request = InferRequest({"a"}, {"1"});
  inference::InferParameter& timeout = (*request.mutable_parameters())["timeout"];
  timeout.set_int64_param(1'500);
  EXPECT_EQ(Parse(request)->timeout, std::chrono::microseconds(1'500));
  timeout.set_int64_param(0);
  EXPECT_EQ(Parse(request)->timeout, std::nullopt);
  timeout.set_int64_param(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(Parse(request)->timeout, std::chrono::hours(24));
}

TEST(ParseModelInferRequestTest, ParametersThatMeanNothingHereAreIgnored) {
  ModelInferRequest request = InferRequest({"a"}, {"1"});
  (*request.mutable_parameters())["priority"].set_int64_param(1);
  (*request.mutable_inputs(0)->mutable_parameters())["content_type"].set_string_param("image/png");
  EXPECT_TRUE(Parse(request).ok());
}

TEST(ParseModelInferRequestTest, TheRequestsBytesAreLetGo) {
  grpc::ByteBuffer bytes = ToByteBuffer(InferRequest({"a"}, {"1"}));
  ASSERT_TRUE(ParseModelInferRequest(bytes, {}, TestModel(), "fallback").ok());
  EXPECT_FALSE(bytes.Valid());
}

TEST(ParseModelInferRequestTest, RefusesBytesThatAreNoRequest) {
  const grpc::Slice slice(std::string("\xff\xff"));
  grpc::ByteBuffer bytes(&slice, 1);
  const absl::Status status = ParseModelInferRequest(bytes, {}, TestModel(), "fallback").status();
  EXPECT_EQ(ReasonOf(status), "MALFORMED_REQUEST");
  EXPECT_EQ(RequestIdOf(status), "fallback");
}

struct BadRequest {
  const char* name;
  const char* reason;
  std::vector<std::string> fields;
  std::function<void(ModelInferRequest&)> spoil;  // two pairs
  const char* message = "";                       // part of it
};
void PrintTo(const BadRequest& bad, std::ostream* out) { *out << bad.name; }

class BadInferRequestTest : public testing::TestWithParam<BadRequest> {};

TEST_P(BadInferRequestTest, IsRefusedWithItsFields) {
  const BadRequest& bad = GetParam();
  ModelInferRequest request = InferRequest({"a", "b"}, {"1", "2"});
  request.set_id("my-id");
  bad.spoil(request);

  const absl::Status status = Parse(request, {.max_expressions = 4, .max_expression_bytes = 8}).status();

  EXPECT_EQ(ReasonOf(status), bad.reason) << status;
  std::vector<std::string> fields;
  for (const Violation& violation : ViolationsOf(status)) fields.push_back(violation.field);
  EXPECT_EQ(fields, bad.fields);
  EXPECT_THAT(std::string(status.message()), HasSubstr(bad.message));
  EXPECT_EQ(RequestIdOf(status), "my-id");
  const bool not_found = std::string(bad.reason) == "MODEL_NOT_FOUND";
  EXPECT_EQ(status.code(), not_found ? absl::StatusCode::kNotFound : absl::StatusCode::kInvalidArgument);
}

void SetShape(const std::vector<std::int64_t>& shape, ModelInferRequest::InferInputTensor* tensor) {
  tensor->clear_shape();
  for (const std::int64_t size : shape) tensor->add_shape(size);
}

inference::InferParameter& Timeout(ModelInferRequest& request) { return (*request.mutable_parameters())["timeout"]; }

constexpr char kMalformed[] = "MALFORMED_REQUEST";
constexpr char kRange[] = "PARAMETER_OUT_OF_RANGE";

INSTANTIATE_TEST_SUITE_P(
    All, BadInferRequestTest,
    testing::Values(
        BadRequest{"another_model", "MODEL_NOT_FOUND", {"model_name"}, [](auto& r) { r.set_model_name("other"); }},
        BadRequest{"another_version", "MODEL_NOT_FOUND", {"model_version"}, [](auto& r) { r.set_model_version("2"); }},
        BadRequest{"nothing",
                   "FIELD_REQUIRED",
                   {"inputs[IMAGE]", "inputs[EXPRESSION]"},
                   [](auto& r) {
                     r.clear_inputs();
                     r.clear_raw_input_contents();
                   }},
        BadRequest{"an_unknown_input",
                   kRange,
                   {"inputs[0].name", "inputs[IMAGE]"},
                   [](auto& r) { r.mutable_inputs(0)->set_name("PICTURE"); }},
        BadRequest{"the_same_input_twice",
                   "FIELD_REQUIRED",
                   {"inputs[IMAGE]"},
                   [](auto& r) { r.mutable_inputs(0)->set_name("EXPRESSION"); }},
        BadRequest{"three_inputs", kRange, {"inputs"}, [](auto& r) { AddInput("IMAGE", {1}, r); }},
        BadRequest{"a_datatype",
                   kRange,
                   {"inputs[IMAGE].datatype"},
                   [](auto& r) { r.mutable_inputs(0)->set_datatype("UINT8"); }},
        BadRequest{"no_shape", kRange, {"inputs[IMAGE].shape"}, [](auto& r) { SetShape({}, r.mutable_inputs(0)); }},
        BadRequest{"a_shape_of_none",
                   kRange,
                   {"inputs[EXPRESSION].shape"},
                   [](auto& r) { SetShape({0}, r.mutable_inputs(1)); }},
        BadRequest{
            "a_negative_shape", kRange, {"inputs[IMAGE].shape"}, [](auto& r) { SetShape({-1}, r.mutable_inputs(0)); }},
        BadRequest{"a_matrix",
                   kRange,
                   {"inputs[EXPRESSION].shape"},
                   [](auto& r) {
                     SetShape({1, 2}, r.mutable_inputs(1));
                   }},
        BadRequest{"a_cube",
                   kRange,
                   {"inputs[IMAGE].shape"},
                   [](auto& r) {
                     SetShape({2, 1, 1}, r.mutable_inputs(0));
                   }},
        BadRequest{"two_images_for_three_expressions",
                   kRange,
                   {"inputs[IMAGE].shape"},
                   [](auto& r) { SetShape({3}, r.mutable_inputs(1)); },
                   "2 images for 3 expressions"},
        BadRequest{"two_images_for_one_expression",
                   kRange,
                   {"inputs[IMAGE].shape"},
                   [](auto& r) { SetShape({1}, r.mutable_inputs(1)); }},
        BadRequest{"too_many_expressions",
                   "TOO_MANY_EXPRESSIONS",
                   {"inputs[EXPRESSION]"},
                   [](auto& r) {
                     r = InferRequest({"a"}, {"1", "2", "3", "4", "5"}), r.set_id("my-id");
                   },
                   "5, the limit is 4"},
        BadRequest{"an_immense_shape",
                   "TOO_MANY_EXPRESSIONS",
                   {"inputs[EXPRESSION]"},
                   [](auto& r) {
                     SetShape({std::numeric_limits<std::int64_t>::max()}, r.mutable_inputs(0));
                     SetShape({std::numeric_limits<std::int64_t>::max()}, r.mutable_inputs(1));
                   }},
        BadRequest{"a_long_expression",
                   "EXPRESSION_TOO_LONG",
                   {"inputs[EXPRESSION][1]"},
                   [](auto& r) {
                     r = InferRequest({"a"}, {"12345678", "123456789"}), r.set_id("my-id");
                   },
                   "9 bytes, the limit is 8"},
        BadRequest{"an_empty_image",
                   "FIELD_REQUIRED",
                   {"inputs[IMAGE][1]"},
                   [](auto& r) {
                     r = InferRequest({"a", ""}, {"1", "2"}), r.set_id("my-id");
                   }},
        BadRequest{"a_length_cut_off",
                   kMalformed,
                   {"inputs[IMAGE]"},
                   [](auto& r) { r.mutable_raw_input_contents(0)->resize(8); },
                   "end after 1 elements, its shape says 2"},
        BadRequest{"an_element_cut_off",
                   kMalformed,
                   {"inputs[IMAGE][1]"},
                   [](auto& r) { r.mutable_raw_input_contents(0)->resize(9); },
                   "its length is 1 bytes, and 0 are left"},
        BadRequest{"an_immense_length",
                   kMalformed,
                   {"inputs[EXPRESSION][0]"},
                   [](auto& r) { r.set_raw_input_contents(1, std::string("\xff\xff\xff\xff", 4)); },
                   "4294967295"},
        BadRequest{"bytes_left_over",
                   kMalformed,
                   {"inputs[EXPRESSION]"},
                   [](auto& r) { r.mutable_raw_input_contents(1)->append("x"); },
                   "1 bytes are left behind"},
        BadRequest{"raw_contents_of_one_input",
                   kMalformed,
                   {"raw_input_contents"},
                   [](auto& r) { r.mutable_raw_input_contents()->RemoveLast(); }},
        BadRequest{"raw_contents_and_others",
                   kMalformed,
                   {"raw_input_contents"},
                   [](auto& r) { r.mutable_inputs(1)->mutable_contents()->add_bytes_contents("1"); }},
        BadRequest{"no_contents",
                   kMalformed,
                   {"inputs[IMAGE]", "inputs[EXPRESSION]"},
                   [](auto& r) { r.clear_raw_input_contents(); },
                   "0 elements in bytes_contents, its shape says 2"},
        BadRequest{"contents_of_another_type",
                   kMalformed,
                   {"inputs[IMAGE]"},
                   [](auto& r) {
                     r.clear_raw_input_contents();
                     for (int i = 0; i < 2; ++i) {
                       r.mutable_inputs(0)->mutable_contents()->add_uint_contents(7);
                       r.mutable_inputs(1)->mutable_contents()->add_bytes_contents("1");
                     }
                   }},
        BadRequest{
            "an_unknown_output", kRange, {"outputs[0].name"}, [](auto& r) { r.add_outputs()->set_name("LABELS"); }},
        BadRequest{"an_output_twice",
                   kRange,
                   {"outputs[1].name"},
                   [](auto& r) {
                     r.add_outputs()->set_name("BOXES");
                     r.add_outputs()->set_name("BOXES");
                   }},
        BadRequest{"three_outputs",
                   kRange,
                   {"outputs"},
                   [](auto& r) {
                     for (int i = 0; i < 3; ++i) r.add_outputs()->set_name("BOXES");
                   }},
        BadRequest{"an_output_in_shared_memory",
                   kRange,
                   {"outputs[0].parameters[shared_memory_region]"},
                   [](auto& r) {
                     r.add_outputs()->set_name("BOXES");
                     (*r.mutable_outputs(0)->mutable_parameters())["shared_memory_region"].set_string_param("x");
                   }},
        BadRequest{
            "a_negative_timeout", kRange, {"parameters[timeout]"}, [](auto& r) { Timeout(r).set_int64_param(-1); }},
        BadRequest{
            "a_timeout_in_words", kRange, {"parameters[timeout]"}, [](auto& r) { Timeout(r).set_string_param("1s"); }}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(ParseSmallRequestTest, RefusesWhatIsNoneOrTooLong) {
  inference::ModelReadyRequest request;
  request.set_name("demo");
  inference::ModelReadyRequest parsed;
  EXPECT_TRUE(ParseSmallRequest(ToByteBuffer(request), "inference.ModelReadyRequest", parsed).ok());
  EXPECT_EQ(parsed.name(), "demo");
  request.set_name(std::string(5'000, 'x'));
  EXPECT_EQ(ReasonOf(ParseSmallRequest(ToByteBuffer(request), "inference.ModelReadyRequest", parsed)), kMalformed);
  const grpc::Slice slice(std::string("\xff"));
  EXPECT_EQ(ReasonOf(ParseSmallRequest(grpc::ByteBuffer(&slice, 1), "inference.ModelReadyRequest", parsed)),
            kMalformed);
}

}  // namespace
}  // namespace lqvg::serving
