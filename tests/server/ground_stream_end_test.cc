// What a GroundStream reads, and how it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include "server/authenticator.h"
#include "tests/server/ground_stream_fixture.h"

namespace lqvg::serving {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Optional;
using testing::SizeIs;

constexpr seconds kLong(60);  // longer than any of these tests may take
constexpr std::uint64_t kMaxUnanswered = 16;

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
  EXPECT_THAT(TrailerOf(stream.context, "x-request-id"), Optional(MatchesRegex("[0-9a-f]{32}")));
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

TEST_F(GroundStreamTest, AnOpenStreamDoesNotHoldAShutdown) {
  StartAndOpen();
  ClientStream stream(stub());
  stream.Write(GoodItem());
  EXPECT_TRUE(stream.Read().has_response());
  const TimePoint begun = clock().Now();

  server().Shutdown(begun + kLong);

  EXPECT_LT(clock().Now() - begun, kLong / 2);
  EXPECT_EQ(ReasonOf(stream.Finish()), "SHUTTING_DOWN");
}

TEST_F(GroundStreamTest, AnOpenStreamDoesNotHoldTheEndOfTheProcess) {
  StartAndOpen();
  ClientStream stream(stub());
  stream.Write(GoodItem());
  EXPECT_TRUE(stream.Read().has_response());
  const TimePoint begun = clock().Now();

  server().BeginDrain();
  server().AwaitAnswersSent(begun + kLong);

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
