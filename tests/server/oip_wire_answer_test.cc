#include "server/oip_wire_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "image/rejection.h"

namespace lqvg::serving {
namespace {

using testing::ElementsAre;

CallOutcome AnswerOf(const std::vector<Box>& boxes) {
  GroundAnswer answer;
  for (const Box& box : boxes) answer.results.emplace_back(std::vector<Box>{box});
  CallOutcome outcome;
  outcome.answer = std::move(answer);
  return outcome;
}

std::vector<float> FloatsOf(const std::string& raw) {
  std::vector<float> floats(raw.size() / sizeof(float));
  std::memcpy(floats.data(), raw.data(), raw.size());
  return floats;
}

ModelInfo Model() {
  ModelInfo model;
  model.name = "demo";
  return model;
}

// Pairs of two pictures: the first expression is about the second picture.
InferLayout TestLayout() {
  return {.id = "ticket 7",
          .request_id = "fallback",
          .places = {{1, 0}, {0, 0}, {1, 1}},
          .images = {1, 0},
          .outputs = {InferOutput::kBoxes, InferOutput::kScores}};
}

TEST(ToModelInferResponseTest, PutsEachBoxWhereItsExpressionWas) {
  const std::vector<CallOutcome> parts = {AnswerOf({{1, 2, 3, 4, 0.5f}}),
                                          AnswerOf({{5, 6, 7, 8, 0.25f}, {-1, -2, 9, 10, 0.75f}})};
  const inference::ModelInferResponse response = ToModelInferResponse(parts, TestLayout(), Model());
  EXPECT_EQ(response.model_name(), "demo");
  EXPECT_EQ(response.model_version(), "1");
  EXPECT_EQ(response.id(), "ticket 7");
  ASSERT_EQ(response.outputs_size(), 2);
  ASSERT_EQ(response.raw_output_contents_size(), 2);
  EXPECT_EQ(response.outputs(0).name(), "BOXES");
  EXPECT_EQ(response.outputs(0).datatype(), "FP32");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(3, 4));
  EXPECT_THAT(FloatsOf(response.raw_output_contents(0)), ElementsAre(5, 6, 7, 8, 1, 2, 3, 4, -1, -2, 9, 10));
  EXPECT_EQ(response.outputs(1).name(), "SCORES");
  EXPECT_THAT(response.outputs(1).shape(), ElementsAre(3));
  EXPECT_THAT(FloatsOf(response.raw_output_contents(1)), ElementsAre(0.25f, 0.5f, 0.75f));
}

TEST(ToModelInferResponseTest, HasOnlyTheOutputsThatWereAskedFor) {
  InferLayout layout = TestLayout();
  layout.places = {{0, 0}};
  layout.outputs = {InferOutput::kScores};
  const inference::ModelInferResponse response = ToModelInferResponse({AnswerOf({{1, 2, 3, 4, 0.5f}})}, layout, {});
  ASSERT_EQ(response.outputs_size(), 1);
  ASSERT_EQ(response.raw_output_contents_size(), 1);
  EXPECT_EQ(response.outputs(0).name(), "SCORES");
}

TEST(InTermsOfInferTest, NamesTheElementsThatAreAtFault) {
  const absl::Status expressions = InTermsOfInfer(Reject(absl::StatusCode::kInvalidArgument, "EXPRESSION_EMPTY",
                                                         "expressions[1]: is empty", {{"expressions[1]", "is empty"}}),
                                                  TestLayout(), 1);
  EXPECT_EQ(ReasonOf(expressions), "EXPRESSION_EMPTY");
  EXPECT_EQ(expressions.message(), "inputs[EXPRESSION][2]: is empty");
  EXPECT_EQ(ViolationsOf(expressions).at(0).field, "inputs[EXPRESSION][2]");

  const absl::Status another = InTermsOfInfer(
      Reject(absl::StatusCode::kInvalidArgument, "EXPRESSION_EMPTY", "empty", {{"expressions[0]", "is empty"}}),
      TestLayout(), 0);
  EXPECT_EQ(ViolationsOf(another).at(0).field, "inputs[EXPRESSION][1]");

  const absl::Status image =
      InTermsOfInfer(Reject(absl::StatusCode::kInvalidArgument, "IMAGE_CORRUPT", "truncated", {{"image", "truncated"}}),
                     TestLayout(), 0);
  EXPECT_EQ(image.message(), "truncated");
  EXPECT_EQ(ViolationsOf(image).at(0).field, "inputs[IMAGE][1]");
}

TEST(InTermsOfInferTest, LeavesOtherFailuresAsTheyAre) {
  const absl::Status full = Reject(absl::StatusCode::kUnavailable, "QUEUE_FULL", "full");
  EXPECT_EQ(InTermsOfInfer(full, TestLayout(), 1), full);
}

TEST(ToModelMetadataResponseTest, DescribesTheTensors) {
  const inference::ModelMetadataResponse response = ToModelMetadataResponse(Model());
  EXPECT_EQ(response.name(), "demo");
  EXPECT_THAT(response.versions(), ElementsAre("1"));
  EXPECT_EQ(response.inputs(0).name(), "IMAGE");
  EXPECT_EQ(response.inputs(1).name(), "EXPRESSION");
  EXPECT_EQ(response.inputs(1).datatype(), "BYTES");
  EXPECT_EQ(response.outputs(0).name(), "BOXES");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(-1, 4));
  EXPECT_EQ(response.outputs(1).datatype(), "FP32");
}

}  // namespace
}  // namespace lqvg::serving
