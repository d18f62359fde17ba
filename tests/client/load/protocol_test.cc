#include "client/load/protocol.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "inference/grpc_predict_v2.pb.h"
#include "lqvg/v1/grounding.pb.h"

namespace lqvg::load {
namespace {

Picture TwoShips() {
  return {
      .encoded = std::string("\x89PNG\0 picture", 13),
      .width = 100,
      .height = 80,
      .questions = {
          {"the red ship", Corners{10, 10, 30, 30}}, {"a pond", std::nullopt}, {"the pier", Corners{50, 50, 90, 70}}}};
}

PlannedCall Asking(std::vector<std::size_t> questions) { return {.index = 7, .questions = std::move(questions)}; }

v1::GroundResponse Answer(const std::vector<Corners>& boxes) {
  v1::GroundResponse response;
  response.set_request_id("run-7");
  response.set_image_width(100);
  response.set_image_height(80);
  for (const Corners& corners : boxes) {
    v1::Box* box = response.add_results()->add_boxes();
    box->set_x_min(corners[0]), box->set_y_min(corners[1]), box->set_x_max(corners[2]), box->set_y_max(corners[3]);
  }
  return response;
}

Outcome Judged(const Protocol& protocol, const std::string& answer, const PlannedCall& call) {
  Outcome outcome;
  protocol.Judge(answer, TwoShips(), call, &outcome);
  return outcome;
}

// One box that overlaps the true one by just more than half, one by exactly half, and one of which no true one is
// known.
const std::vector<Corners> kOneRightOfTwo = {{10, 10, 30, 20.5f}, {0, 0, 5, 5}, {50, 50, 90, 60}};

TEST(LqvgProtocol, TheTwoPartsAreOneRequest) {
  const auto protocol = MakeLqvgProtocol("run");
  EXPECT_STREQ(protocol->name(), "lqvg");
  EXPECT_STREQ(protocol->method(), "/lqvg.v1.GroundingService/Ground");
  v1::GroundRequest request;
  ASSERT_TRUE(
      request.ParseFromString(protocol->PicturePart(TwoShips()) + protocol->CallPart(TwoShips(), Asking({2, 0}))));
  EXPECT_EQ(request.image().encoded(), TwoShips().encoded);
  ASSERT_EQ(request.expressions_size(), 2);
  EXPECT_EQ(request.expressions(0), "the pier");
  EXPECT_EQ(request.expressions(1), "the red ship");
  EXPECT_EQ(request.request_id(), "run-7");
}

TEST(LqvgProtocol, CountsRightAnswersAmongThoseKnown) {
  const auto protocol = MakeLqvgProtocol("run");
  const auto answer = Answer(kOneRightOfTwo);
  const Outcome outcome = Judged(*protocol, answer.SerializeAsString(), Asking({0, 1, 2}));
  EXPECT_FALSE(outcome.crossed);
  EXPECT_EQ(outcome.answers_known, 2);
  EXPECT_EQ(outcome.answers_right, 1);
}

TEST(LqvgProtocol, AnExpressionWithoutBoxIsNotRight) {
  auto answer = Answer({{10, 10, 30, 30}});
  answer.mutable_results(0)->clear_boxes();
  const Outcome outcome = Judged(*MakeLqvgProtocol("run"), answer.SerializeAsString(), Asking({0}));
  EXPECT_EQ(outcome.answers_known, 1);
  EXPECT_EQ(outcome.answers_right, 0);
}

TEST(LqvgProtocol, SeesAnAnswerThatBelongsToAnother) {
  const auto protocol = MakeLqvgProtocol("run");
  const auto crossed = [&](const v1::GroundResponse& answer) {
    return Judged(*protocol, answer.SerializeAsString(), Asking({0})).crossed;
  };
  const auto mine = Answer({{10, 10, 30, 30}});
  EXPECT_FALSE(crossed(mine));
  auto other = mine;
  other.set_request_id("run-8");
  EXPECT_TRUE(crossed(other));
  other = mine;
  other.set_image_height(81);
  EXPECT_TRUE(crossed(other));
  other = mine;
  other.set_image_width(101);
  EXPECT_TRUE(crossed(other));
  EXPECT_TRUE(crossed(Answer({{10, 10, 30, 30}, {0, 0, 1, 1}})));
  EXPECT_TRUE(Judged(*protocol, mine.SerializeAsString() + "\x0a\xff", Asking({0})).crossed) << "not a message";
  EXPECT_EQ(Judged(*protocol, Answer({}).SerializeAsString(), Asking({0})).answers_known, 0) << "it is not judged";
}

TEST(LqvgProtocol, APictureOfUnknownSizeIsNotCheckedForIt) {
  Picture picture = TwoShips();
  picture.width = picture.height = 0;
  Outcome outcome;
  MakeLqvgProtocol("run")->Judge(Answer({{10, 10, 30, 30}}).SerializeAsString(), picture, Asking({0}), &outcome);
  EXPECT_FALSE(outcome.crossed);
}

inference::ModelInferResponse OipAnswer(const std::vector<Corners>& boxes) {
  inference::ModelInferResponse response;
  response.set_id("run-7");
  response.add_outputs()->set_name("ANCHORS");  // what another server's model may add
  response.add_raw_output_contents(std::string(boxes.size() * sizeof(Corners), '\0'));
  response.add_outputs()->set_name("BOXES");
  std::string* raw = response.add_raw_output_contents();
  for (const Corners& corners : boxes) raw->append(reinterpret_cast<const char*>(corners.data()), sizeof(Corners));
  return response;
}

TEST(OipProtocol, TheTwoPartsAreOneRequest) {
  const auto protocol = MakeOipProtocol("grounder", "run");
  EXPECT_STREQ(protocol->name(), "oip");
  EXPECT_STREQ(protocol->method(), "/inference.GRPCInferenceService/ModelInfer");
  inference::ModelInferRequest request;
  ASSERT_TRUE(
      request.ParseFromString(protocol->PicturePart(TwoShips()) + protocol->CallPart(TwoShips(), Asking({2, 0}))));
  EXPECT_EQ(request.model_name(), "grounder");
  EXPECT_EQ(request.id(), "run-7");
  ASSERT_EQ(request.inputs_size(), 2);
  ASSERT_EQ(request.raw_input_contents_size(), 2);
  EXPECT_EQ(request.inputs(0).name(), "IMAGE");
  EXPECT_EQ(request.inputs(0).datatype(), "BYTES");
  EXPECT_EQ(std::vector<std::int64_t>(request.inputs(0).shape().begin(), request.inputs(0).shape().end()),
            (std::vector<std::int64_t>{1, 1}));
  EXPECT_EQ(request.raw_input_contents(0), std::string("\x0d\0\0\0", 4) + TwoShips().encoded);
  EXPECT_EQ(request.inputs(1).name(), "EXPRESSION");
  EXPECT_EQ(request.inputs(1).datatype(), "BYTES");
  EXPECT_EQ(request.inputs(1).shape(0), 2);
  EXPECT_EQ(request.inputs(1).shape(1), 1);
  EXPECT_EQ(request.raw_input_contents(1),
            std::string("\x08\0\0\0", 4) + "the pier" + std::string("\x0c\0\0\0", 4) + "the red ship");
}

TEST(OipProtocol, CountsRightAnswersAmongThoseKnown) {
  const auto protocol = MakeOipProtocol("grounder", "run");
  const std::string answer = OipAnswer(kOneRightOfTwo).SerializeAsString();
  const Outcome outcome = Judged(*protocol, answer, Asking({0, 1, 2}));
  EXPECT_FALSE(outcome.crossed);
  EXPECT_EQ(outcome.answers_known, 2);
  EXPECT_EQ(outcome.answers_right, 1);
}

TEST(OipProtocol, SeesAnAnswerThatBelongsToAnother) {
  const auto protocol = MakeOipProtocol("grounder", "run");
  const auto mine = OipAnswer({{10, 10, 30, 30}});
  EXPECT_FALSE(Judged(*protocol, mine.SerializeAsString(), Asking({0})).crossed);
  EXPECT_TRUE(Judged(*protocol, mine.SerializeAsString(), Asking({0, 2})).crossed);
  auto other = mine;
  other.set_id("run-8");
  EXPECT_TRUE(Judged(*protocol, other.SerializeAsString(), Asking({0})).crossed);
  EXPECT_TRUE(Judged(*protocol, mine.SerializeAsString() + "\x0a\xff", Asking({0})).crossed) << "not a message";
}

}  // namespace
}  // namespace lqvg::load
