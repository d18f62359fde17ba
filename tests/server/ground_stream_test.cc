#include "server/ground_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <thread>

#include "tests/server/ground_stream_fixture.h"

namespace lqvg::serving {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AnyOf;
using testing::ElementsAre;
using testing::MatchesRegex;
using testing::Optional;
using testing::SizeIs;

// --- Items and their answers ---

TEST_F(GroundStreamTest, EachItemIsAnsweredOnceWithItsOwnBoxes) {
  constexpr std::uint64_t kItems = 50;
  StartAndOpen();
  ClientStream stream(stub());

  std::thread writer([&stream] {
    for (std::uint64_t i = 0; i < kItems; ++i) {
      v1::GroundStreamRequest item = GoodItem();
      item.mutable_request()->set_expressions(0, std::string(i + 1, 'x'));
      EXPECT_TRUE(stream.Write(item));
    }
    stream.HalfClose();
  });
  const auto responses = stream.ReadAll();
  writer.join();

  const grpc::Status status = stream.Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(TrailerOf(stream.context, "x-request-id"), Optional(MatchesRegex("[0-9a-f]{32}")));
  ASSERT_THAT(responses, SizeIs(kItems));
  for (const auto& [sequence, response] : responses) {
    const PreparedQuery expected = FakePreparedQuery(
        GroundQuery{.request_id = "", .image = "picture", .expressions = {std::string(sequence + 1, 'x')}});
    const Box box = ExpectedBoxes(expected, 0).at(0);
    ASSERT_EQ(response.response().results_size(), 1) << sequence;
    EXPECT_EQ(response.response().results(0).boxes(0).x_min(), box.x_min) << sequence;
    EXPECT_EQ(response.response().results(0).boxes(0).score(), box.score) << sequence;
    EXPECT_EQ(response.response().request_id(), response.request_id());
  }
}

TEST_F(HeldGroundStreamTest, AnswersComeAsTheyAreDone) {
  StartAndOpen();
  ClientStream stream(stub());
  stream.Write(GoodItem());
  gate_.WaitForArrivals(1);
  stream.Write(v1::GroundStreamRequest());  // answered without the model

  EXPECT_EQ(stream.Read().sequence(), 1u);
  gate_.Open();
  EXPECT_EQ(stream.Read().sequence(), 0u);
  stream.HalfClose();
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(GroundStreamTest, AStreamWithoutItemsEndsWell) {
  StartAndOpen();
  ClientStream stream(stub());
  stream.HalfClose();

  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(GroundStreamTest, AFailedItemIsItsOwnErrorAndNamesFieldsAsGroundDoes) {
  StartAndOpen();
  ClientStream stream(stub());
  v1::GroundStreamRequest bad = GoodItem();
  bad.mutable_request()->clear_image();
  bad.mutable_request()->set_max_boxes(0);
  bad.mutable_timeout()->set_seconds(-1);
  bad.mutable_request()->set_request_id("own-id");
  for (const auto& item : {GoodItem(), bad, GoodItem()}) stream.Write(item);
  stream.HalfClose();

  const auto responses = stream.ReadAll();

  EXPECT_TRUE(stream.Finish().ok());
  ASSERT_THAT(responses, SizeIs(3));
  EXPECT_TRUE(responses.at(0).has_response());
  EXPECT_TRUE(responses.at(2).has_response());
  EXPECT_EQ(responses.at(1).error().code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(responses.at(1).request_id(), "own-id");
  EXPECT_THAT(DetailsOf(responses.at(1).error()).Fields(), ElementsAre("timeout", "image", "max_boxes"));
}

TEST_F(GroundStreamTest, BytesThatAreNoItemAreThatItemsError) {
  StartAndOpen();
  ClientStream stream(stub());
  v1::GroundStreamRequest unparseable;
  unparseable.GetReflection()
      ->MutableUnknownFields(&unparseable)
      ->AddLengthDelimited(v1::GroundStreamRequest::kRequestFieldNumber, "\xff\xff\xff");
  v1::GroundStreamRequest bad_utf8 = GoodItem();
  bad_utf8.mutable_request()->set_expressions(0, "\xc3\x28");
  for (const auto& item : {unparseable, bad_utf8, GoodItem()}) stream.Write(item);
  stream.HalfClose();

  const auto responses = stream.ReadAll();

  EXPECT_TRUE(stream.Finish().ok());
  ASSERT_THAT(responses, SizeIs(3));
  EXPECT_EQ(ReasonOf(responses.at(0)), "MALFORMED_REQUEST");
  EXPECT_EQ(ReasonOf(responses.at(1)), "MALFORMED_REQUEST");
  EXPECT_TRUE(responses.at(2).has_response());
}

TEST_F(GroundStreamTest, AFailureOfTheModelTellsTheItemsIdAndNothingElse) {
  StartAndOpen();
  v1::GroundStreamRequest item = GoodItem();
  item.mutable_request()->set_expressions(0, kFailingExpression);
  item.mutable_request()->set_request_id("my-id");

  const v1::GroundStreamResponse response = OutcomeOf(item);

  EXPECT_EQ(response.error().message(), "internal error; please report request id my-id");
  EXPECT_EQ(log().Wait().reason, "INTERNAL_ERROR");
}

TEST_F(GroundStreamTest, WhileTheModelLoadsItemsAreRefusedAndTheStreamGoesOn) {
  StartServer();
  ClientStream stream(stub());
  stream.Write(GoodItem());
  EXPECT_EQ(ReasonOf(stream.Read()), "MODEL_LOADING");

  Open();

  stream.Write(GoodItem());
  EXPECT_TRUE(stream.Read().has_response());
  stream.HalfClose();
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(GroundStreamTest, AnItemAboveTheLimitEndsTheStreamByTheLibrary) {
  server_options().limits.max_request_bytes = 1'000;
  StartAndOpen();
  ClientStream stream(stub());
  v1::GroundStreamRequest item = GoodItem();
  item.mutable_request()->mutable_image()->set_encoded(std::string(1'000, 'x'));
  stream.Write(item);

  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

// --- Ids and records ---

TEST_F(GroundStreamTest, AnItemsOwnIdWinsAndOthersAreMadeOfTheStreamsAndTheirSequence) {
  StartAndOpen();
  ClientStream stream(stub(), [](grpc::ClientContext& context) { context.AddMetadata("x-request-id", "of-stream"); });
  v1::GroundStreamRequest named = GoodItem();
  named.mutable_request()->set_request_id("own-id");
  for (const auto& item : {GoodItem(), named, GoodItem()}) stream.Write(item);
  stream.HalfClose();

  const auto responses = stream.ReadAll();

  EXPECT_TRUE(stream.Finish().ok());
  EXPECT_EQ(TrailerOf(stream.context, "x-request-id"), "of-stream");
  ASSERT_THAT(responses, SizeIs(3));
  EXPECT_EQ(responses.at(0).request_id(), "of-stream/0");
  EXPECT_EQ(responses.at(1).request_id(), "own-id");
  EXPECT_EQ(responses.at(2).request_id(), "of-stream/2");
}

TEST_F(GroundStreamTest, ItemsOfAStreamWithTheLongestIdHaveDifferentIds) {
  StartAndOpen();
  ClientStream stream(stub(),
                      [](grpc::ClientContext& context) { context.AddMetadata("x-request-id", std::string(128, 'i')); });
  for (const auto& item : {GoodItem(), v1::GroundStreamRequest()}) stream.Write(item);
  stream.HalfClose();

  const auto responses = stream.ReadAll();

  ASSERT_THAT(responses, SizeIs(2));
  EXPECT_THAT(responses.at(0).request_id(), MatchesRegex("[0-9a-f]{32}"));
  EXPECT_THAT(responses.at(1).request_id(), MatchesRegex("[0-9a-f]{32}"));
  EXPECT_NE(responses.at(0).request_id(), responses.at(1).request_id());
}

TEST_F(GroundStreamTest, AnItemIsReportedAsACall) {
  StartAndOpen();
  v1::GroundStreamRequest item = GoodItem();
  item.mutable_request()->add_expressions(kNanExpression);

  EXPECT_TRUE(OutcomeOf(item).has_response());

  const FinishedCall call = log().Wait();
  EXPECT_EQ(call.method, "GroundStream");
  EXPECT_FALSE(call.whole_stream);
  EXPECT_EQ(call.code, absl::StatusCode::kOk);
  EXPECT_EQ(call.expressions, 2);
  EXPECT_THAT(call.expression_errors, ElementsAre("INTERNAL_ERROR"));
  EXPECT_EQ(call.image_width, FakeGrounder::kSide);
  EXPECT_GE(call.total, call.times.parse + call.times.pool_queue + call.times.batch_queue);
  EXPECT_GT(call.slack, seconds(1));
}

// --- Deadlines ---

TEST_F(GroundStreamTest, AnInvalidTimeoutIsThatItemsError) {
  StartAndOpen();
  constexpr std::int64_t kDay = 24 * 3'600;

  for (const auto& item : {ItemWithTimeout(0, 0), ItemWithTimeout(-1, 0), ItemWithTimeout(kDay, 1),
                           ItemWithTimeout(kDay + 1, 0), ItemWithTimeout(1, -1), ItemWithTimeout(1, 1'000'000'000),
                           ItemWithTimeout(std::numeric_limits<std::int64_t>::max(), 0)}) {
    const v1::GroundStreamResponse response = OutcomeOf(item);
    EXPECT_EQ(response.error().code(), grpc::StatusCode::INVALID_ARGUMENT) << item.timeout().ShortDebugString();
    EXPECT_EQ(ReasonOf(response), "PARAMETER_OUT_OF_RANGE");
    EXPECT_THAT(DetailsOf(response.error()).Fields(), ElementsAre("timeout"));
  }
  EXPECT_TRUE(OutcomeOf(ItemWithTimeout(kDay, 0)).has_response());
}

TEST_F(HeldGroundStreamTest, AnItemEndsByItsOwnTimeoutAndTheStreamGoesOn) {
  StartAndOpen();
  ClientStream stream(stub());
  stream.Write(GoodItem());
  gate_.WaitForArrivals(1);
  stream.Write(ItemWithTimeout(milliseconds(50)));

  const v1::GroundStreamResponse response = stream.Read();

  EXPECT_EQ(response.sequence(), 1u);
  EXPECT_EQ(response.error().code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(ReasonOf(response), "EXPIRED_IN_QUEUE");
  gate_.Open();
  EXPECT_TRUE(stream.Read().has_response());
  stream.HalfClose();
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(HeldGroundStreamTest, AnItemOfAStreamWithoutDeadlineGetsTheDefaultOne) {
  pipeline_options().default_deadline = milliseconds(50);
  StartAndOpen();

  const v1::GroundStreamResponse response = OutcomeOf(GoodItem());

  EXPECT_EQ(response.error().code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(HeldGroundStreamTest, NoItemOutlivesTheStreamsDeadline) {
  StartAndOpen();
  ClientStream stream(stub(), [](grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + milliseconds(200));
  });
  stream.Write(ItemWithTimeout(std::chrono::hours(1)));

  stream.ReadAll();  // the item's own error may come before the client's clock
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);

  const FinishedCall item = log().Wait();
  EXPECT_FALSE(item.whole_stream);
  EXPECT_THAT(item.reason, AnyOf("EXPIRED_WHILE_RUNNING", "EXPIRED_IN_QUEUE", "CLIENT_CANCELLED"));
  EXPECT_LT(item.slack, seconds(1));
  EXPECT_TRUE(log().Wait(2).whole_stream);
  EXPECT_EQ(pipeline().occupancy().in_flight, 0);
}

}  // namespace
}  // namespace lqvg::serving
