#include "server/ground_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/sync_stream.h"
#include "server/authenticator.h"
#include "tests/server/serving_fixture.h"
#include "tests/support/gate.h"

namespace lqvg::serving {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AnyOf;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::SizeIs;

constexpr seconds kLong(60);  // longer than any of these tests may take
constexpr std::uint64_t kMaxUnanswered = 16;

v1::GroundStreamRequest GoodItem() {
  v1::GroundStreamRequest item;
  *item.mutable_request() = GoodRequest();
  return item;
}

v1::GroundStreamRequest ItemWithTimeout(std::int64_t whole_seconds, std::int32_t nanos) {
  v1::GroundStreamRequest item = GoodItem();
  item.mutable_timeout()->set_seconds(whole_seconds);
  item.mutable_timeout()->set_nanos(nanos);
  return item;
}

v1::GroundStreamRequest ItemWithTimeout(milliseconds timeout) {
  return ItemWithTimeout(timeout.count() / 1'000, static_cast<std::int32_t>(timeout.count() % 1'000 * 1'000'000));
}

ErrorDetails DetailsOf(const v1::GroundStreamResponse& response) {
  return lqvg::serving::DetailsOf(response.error().SerializeAsString());
}

std::string ReasonOf(const grpc::Status& status) { return lqvg::serving::DetailsOf(status).info.reason(); }
std::string ReasonOf(const v1::GroundStreamResponse& response) { return DetailsOf(response).info.reason(); }

// The client's end of one stream. Used by one thread, but for its context.
class ClientStream {
 public:
  // `prepare` sets what is to be set before the stream begins.
  explicit ClientStream(v1::GroundingService::Stub& stub,
                        const std::function<void(grpc::ClientContext&)>& prepare = {}) {
    if (prepare) prepare(context);
    stream_ = stub.GroundStream(&context);
  }

  bool Write(const v1::GroundStreamRequest& item) { return stream_->Write(item); }
  void HalfClose() { stream_->WritesDone(); }

  // The next answer, which must come.
  v1::GroundStreamResponse Read() {
    v1::GroundStreamResponse response;
    EXPECT_TRUE(stream_->Read(&response));
    return response;
  }

  // All answers that still come, by their sequence.
  std::map<std::uint64_t, v1::GroundStreamResponse> ReadAll() {
    std::map<std::uint64_t, v1::GroundStreamResponse> responses;
    v1::GroundStreamResponse response;
    while (stream_->Read(&response)) {
      const std::uint64_t sequence = response.sequence();
      EXPECT_TRUE(responses.emplace(sequence, std::move(response)).second) << sequence << " is answered twice";
    }
    return responses;
  }

  // The status; no answer may be left.
  grpc::Status Finish() {
    EXPECT_THAT(ReadAll(), IsEmpty());
    return stream_->Finish();
  }

  std::string Trailer(const std::string& key) const {
    const auto found = context.GetServerTrailingMetadata().find(key);
    return found == context.GetServerTrailingMetadata().end() ? ""
                                                              : std::string(found->second.data(), found->second.size());
  }

  grpc::ClientContext context;

 private:
  std::unique_ptr<grpc::ClientReaderWriter<v1::GroundStreamRequest, v1::GroundStreamResponse>> stream_;
};

class GroundStreamTest : public ServingTest {
 protected:
  // What becomes of one item of a stream that has it alone.
  v1::GroundStreamResponse OutcomeOf(const v1::GroundStreamRequest& item) {
    ClientStream stream(stub());
    EXPECT_TRUE(stream.Write(item));
    stream.HalfClose();
    v1::GroundStreamResponse response = stream.Read();
    const grpc::Status status = stream.Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  // Blocks until the server has read `count` items.
  void AwaitRead(std::uint64_t count) {
    while (pipeline().occupancy().received < count) std::this_thread::yield();
  }

  // When this returns, the server has seen all that was sent on the channel before, often enough to react.
  void GoBackAndForth() {
    for (int i = 0; i < 50; ++i) {
      grpc::ClientContext context;
      v1::GetModelResponse response;
      ASSERT_TRUE(stub().GetModel(&context, {}, &response).ok());
    }
  }
};

// A test in which the model waits at a gate.
class HeldGroundStreamTest : public GroundStreamTest {
 protected:
  void SetUp() override {
    grounder().before_encode_images = [this] { gate_.Pass(); };
  }
  void TearDown() override {
    gate_.Open();
    ServingTest::TearDown();
  }

  Gate gate_;
};

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
  EXPECT_THAT(stream.Trailer("x-request-id"), MatchesRegex("[0-9a-f]{32}"));
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
  EXPECT_THAT(DetailsOf(responses.at(1)).Fields(), ElementsAre("timeout", "image", "max_boxes"));
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
  EXPECT_EQ(stream.Trailer("x-request-id"), "of-stream");
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
    EXPECT_THAT(DetailsOf(response).Fields(), ElementsAre("timeout"));
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

// --- Flow control ---

TEST_F(HeldGroundStreamTest, ReadsAtMost16UnansweredItems) {
  constexpr int kItems = 40;
  StartAndOpen();
  ClientStream stream(stub());
  for (int i = 0; i < kItems; ++i) ASSERT_TRUE(stream.Write(GoodItem()));
  stream.HalfClose();
  AwaitRead(kMaxUnanswered);

  GoBackAndForth();

  EXPECT_EQ(pipeline().occupancy().received, kMaxUnanswered);
  gate_.Open();
  EXPECT_THAT(stream.ReadAll(), SizeIs(kItems));
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(GroundStreamTest, AClientThatTakesNoAnswersIsReadNoFurther) {
  constexpr std::uint64_t kItems = 400;
  StartAndOpen();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);  // the client's window stays at 64 KiB
  const auto narrow = v1::GroundingService::NewStub(NewChannel(arguments));
  ClientStream stream(*narrow);
  v1::GroundStreamRequest item = GoodItem();
  item.mutable_request()->clear_expressions();
  for (int i = 0; i < 32; ++i) item.mutable_request()->add_expressions(kNanExpression);
  item.mutable_request()->set_expressions(0, "one that does not fail");

  std::thread writer([&] {
    for (std::uint64_t i = 0; i < kItems; ++i) EXPECT_TRUE(stream.Write(item));
    stream.HalfClose();
  });
  std::uint64_t read = 0;
  for (AwaitRead(kMaxUnanswered); read < pipeline().occupancy().received; GoBackAndForth()) {
    read = pipeline().occupancy().received;
  }

  EXPECT_LT(read, kItems / 4) << "16, and as many as its window has room for";
  EXPECT_THAT(stream.ReadAll(), SizeIs(kItems));
  writer.join();
  EXPECT_TRUE(stream.Finish().ok());
}

// --- Ends ---

TEST_F(HeldGroundStreamTest, AClientsCancellationFreesThePlacesOfItsItems) {
  constexpr int kItems = 5;
  StartAndOpen();
  ClientStream stream(stub());
  for (int i = 0; i < kItems; ++i) stream.Write(GoodItem());
  AwaitRead(kItems);

  stream.context.TryCancel();

  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::CANCELLED);
  for (int i = 1; i <= kItems; ++i) {
    EXPECT_FALSE(log().Wait(i).whole_stream);
    EXPECT_EQ(log().Wait(i).reason, "CLIENT_CANCELLED");
  }
  EXPECT_TRUE(log().Wait(kItems + 1).whole_stream);
  EXPECT_EQ(log().Wait(kItems + 1).code, absl::StatusCode::kCancelled);
  EXPECT_EQ(pipeline().occupancy().in_flight, 0);
}

TEST_F(HeldGroundStreamTest, AfterTheHalfCloseWhatWasReadIsAnswered) {
  StartAndOpen();
  ClientStream stream(stub());
  for (int i = 0; i < 3; ++i) stream.Write(GoodItem());
  stream.HalfClose();
  AwaitRead(3);
  GoBackAndForth();

  gate_.Open();

  EXPECT_THAT(stream.ReadAll(), SizeIs(3));
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(GroundStreamTest, AnIdleStreamEndsAtItsAge) {
  server_options().max_stream_age = milliseconds(50);
  StartAndOpen();
  ClientStream stream(stub());

  const grpc::Status status = stream.Finish();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "STREAM_AGED");
  EXPECT_THAT(stream.Trailer("x-request-id"), MatchesRegex("[0-9a-f]{32}"));
  EXPECT_THAT(stream.context.GetServerInitialMetadata(), IsEmpty());
  EXPECT_TRUE(log().Wait().whole_stream);
  EXPECT_EQ(log().Wait().reason, "STREAM_AGED");
}

TEST_F(HeldGroundStreamTest, AnAgedStreamAnswersWhatItHasReadFirst) {
  server_options().max_stream_age = milliseconds(500);
  StartAndOpen();
  ClientStream stream(stub());
  stream.Write(ItemWithTimeout(milliseconds(1'000)));  // the gate stays closed: it ends after the stream's age
  AwaitRead(1);

  EXPECT_EQ(stream.Read().error().code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(ReasonOf(stream.Finish()), "STREAM_AGED");
}

TEST_F(GroundStreamTest, AnIdleStreamEndsAtOnceWhenTheServerDrains) {
  StartAndOpen();
  ClientStream stream(stub());
  stream.Write(GoodItem());
  EXPECT_TRUE(stream.Read().has_response());

  server().BeginDrain();

  EXPECT_EQ(ReasonOf(stream.Finish()), "SHUTTING_DOWN");
  EXPECT_EQ(log().Wait(2).reason, "SHUTTING_DOWN");
  EXPECT_TRUE(log().Wait(2).whole_stream);
}

TEST_F(HeldGroundStreamTest, ADrainedStreamAnswersWhatItHasReadFirst) {
  StartAndOpen();
  ClientStream stream(stub());
  stream.Write(GoodItem());
  stream.Write(GoodItem());
  AwaitRead(2);

  server().BeginDrain();
  pipeline().BeginDrain();
  stream.Write(GoodItem());
  GoBackAndForth();
  gate_.Open();

  const auto responses = stream.ReadAll();
  ASSERT_THAT(responses, SizeIs(2));
  EXPECT_TRUE(responses.at(0).has_response());
  EXPECT_TRUE(responses.at(1).has_response());
  EXPECT_EQ(ReasonOf(stream.Finish()), "SHUTTING_DOWN");
}

TEST_F(GroundStreamTest, AnItemThatTheDrainingPipelineRefusesIsToldSo) {
  StartAndOpen();
  ClientStream stream(stub());
  pipeline().BeginDrain();

  stream.Write(GoodItem());

  EXPECT_EQ(ReasonOf(stream.Read()), "SHUTTING_DOWN");
  server().BeginDrain();
  EXPECT_EQ(ReasonOf(stream.Finish()), "SHUTTING_DOWN");
}

TEST_F(GroundStreamTest, ANewStreamIsRefusedWhileDraining) {
  StartAndOpen();
  server().BeginDrain();
  ClientStream stream(stub());

  const grpc::Status status = stream.Finish();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "SHUTTING_DOWN");
  EXPECT_TRUE(log().Wait().whole_stream);
}

TEST_F(GroundStreamTest, AnOpenStreamHoldsNeitherTheEndOfTheProcessNorAShutdown) {
  StartAndOpen();
  ClientStream stream(stub());
  stream.Write(GoodItem());
  EXPECT_TRUE(stream.Read().has_response());
  const TimePoint begun = clock().Now();

  server().BeginDrain();
  server().AwaitAnswersSent(begun + kLong);
  server().Shutdown(begun + kLong);

  EXPECT_LT(clock().Now() - begun, kLong / 2);
  EXPECT_EQ(ReasonOf(stream.Finish()), "SHUTTING_DOWN");
}

TEST_F(HeldGroundStreamTest, TheEndOfTheProcessWaitsForAStreamsAnswers) {
  StartAndOpen();
  ClientStream stream(stub());
  stream.Write(GoodItem());
  AwaitRead(1);
  server().BeginDrain();

  const TimePoint begun = clock().Now();
  server().AwaitAnswersSent(begun + milliseconds(50));

  EXPECT_GE(clock().Now() - begun, milliseconds(50));
  gate_.Open();
  EXPECT_TRUE(stream.Read().has_response());
  EXPECT_EQ(ReasonOf(stream.Finish()), "SHUTTING_DOWN");
}

TEST_F(GroundStreamTest, AStrangersStreamIsRefusedBeforeAnythingIsRead) {
  // SHA-256 of "first-token".
  const Authenticator authenticator(
      *ClientList::Parse("lab-a token 55b4b48f529c3d2daa027cbffa6cfb6a03690424550f22109e39917406c8243b"));
  server_options().authenticator = &authenticator;
  StartAndOpen();
  ClientStream stranger(stub());
  stranger.Write(GoodItem());

  const grpc::Status status = stranger.Finish();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(ReasonOf(status), "UNAUTHENTICATED");
  EXPECT_THAT(stranger.context.GetServerInitialMetadata(), IsEmpty());
  EXPECT_TRUE(log().Wait().whole_stream);
  EXPECT_EQ(pipeline().occupancy().received, 0u);

  ClientStream known(stub(),
                     [](grpc::ClientContext& context) { context.AddMetadata("authorization", "Bearer first-token"); });
  known.Write(GoodItem());
  EXPECT_TRUE(known.Read().has_response());
  EXPECT_EQ(log().Wait(2).client, "lab-a");
  known.HalfClose();
  EXPECT_TRUE(known.Finish().ok());
  TearDown();  // before the authenticator
}

}  // namespace
}  // namespace lqvg::serving
