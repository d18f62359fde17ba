#include "server/ground_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "absl/strings/numbers.h"
#include "grpcpp/client_context.h"
#include "tests/server/serving_fixture.h"

namespace lqvg::serving {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::MatchesRegex;

constexpr char kGround[] = "/lqvg.v1.GroundingService/Ground";
constexpr char kGetModel[] = "/lqvg.v1.GroundingService/GetModel";

class GroundServiceTest : public ServingTest {};
using HeldGroundServiceTest = Held<GroundServiceTest>;

TEST_F(GroundServiceTest, AnswersEachExpressionInOrderWithTheModelsBoxes) {
  StartAndOpen();
  v1::GroundRequest request = GoodRequest();
  request.add_expressions("a much longer expression");
  request.set_max_boxes(2);

  v1::GroundResponse response;
  const grpc::Status status = Ground(request, &response);

  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.results_size(), 2);
  const PreparedQuery expected =
      FakePreparedQuery(GroundQuery{.request_id = "",
                                    .image = "picture",
                                    .expressions = {request.expressions().begin(), request.expressions().end()},
                                    .max_boxes = 2});
  for (int i = 0; i < 2; ++i) {
    const std::vector<Box> boxes = ExpectedBoxes(expected, static_cast<std::size_t>(i));
    ASSERT_EQ(response.results(i).boxes_size(), 2);
    EXPECT_EQ(response.results(i).boxes(0).x_min(), boxes[0].x_min);
    EXPECT_EQ(response.results(i).boxes(0).score(), boxes[0].score);
    EXPECT_EQ(response.results(i).boxes(1).y_max(), boxes[1].y_max);
  }
  EXPECT_EQ(response.image_width(), static_cast<std::uint32_t>(FakeGrounder::kSide));
  EXPECT_EQ(response.model().name(), "fake");
  EXPECT_EQ(response.receipt().batch_expressions(), 2u);
  EXPECT_EQ(response.receipt().image_cache(), v1::CACHE_OUTCOME_OFF);
}

TEST_F(GroundServiceTest, RawPixelsAreGrounded) {
  StartAndOpen();
  v1::GroundRequest request = GoodRequest();
  v1::RawImage* const raw = request.mutable_image()->mutable_raw();
  raw->set_width(20);
  raw->set_height(16);
  raw->set_data(std::string(20 * 16 * 3, 'x'));

  const grpc::Status status = Ground(request);

  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(GroundServiceTest, TheRequestsOwnIdWinsOverTheMetadata) {
  StartAndOpen();
  v1::GroundRequest request = GoodRequest();
  request.set_request_id("own-id");
  grpc::ClientContext context;
  context.AddMetadata("x-request-id", "metadata-id");
  v1::GroundResponse response;

  ASSERT_TRUE(GroundIn(context, request, &response).ok());

  EXPECT_EQ(response.request_id(), "own-id");
  EXPECT_EQ(TrailerOf(context, "x-request-id"), "own-id");
  EXPECT_EQ(log().Wait().request_id, "own-id");
}

TEST_F(GroundServiceTest, TheMetadatasIdIsUsedWhenTheRequestHasNone) {
  StartAndOpen();
  grpc::ClientContext context;
  context.AddMetadata("x-request-id", "metadata-id");
  v1::GroundResponse response;

  ASSERT_TRUE(GroundIn(context, GoodRequest(), &response).ok());

  EXPECT_EQ(response.request_id(), "metadata-id");
}

TEST_F(GroundServiceTest, MakesADifferentIdForEachCallWithoutOne) {
  StartAndOpen();
  v1::GroundResponse first, second;

  ASSERT_TRUE(Ground(GoodRequest(), &first).ok());
  ASSERT_TRUE(Ground(GoodRequest(), &second).ok());

  EXPECT_THAT(first.request_id(), MatchesRegex("[0-9a-f]{32}"));
  EXPECT_NE(first.request_id(), second.request_id());
}

TEST_F(GroundServiceTest, ARejectedRequestKeepsItsOwnId) {
  StartAndOpen();
  v1::GroundRequest request = GoodRequest();
  request.set_request_id("own-id");
  request.set_max_boxes(0);
  grpc::ClientContext context;

  EXPECT_FALSE(GroundIn(context, request).ok());

  EXPECT_EQ(TrailerOf(context, "x-request-id"), "own-id");
}

TEST_F(GroundServiceTest, ReportsWhatMetricsNeed) {
  StartAndOpen();
  v1::GroundRequest request = GoodRequest();
  request.add_expressions(kNanExpression);

  ASSERT_TRUE(Ground(request).ok());

  const FinishedCall call = log().Wait();
  EXPECT_EQ(call.method, "Ground");
  EXPECT_EQ(call.code, absl::StatusCode::kOk);
  EXPECT_EQ(call.reason, "");
  EXPECT_EQ(call.expressions, 2);
  EXPECT_THAT(call.expression_errors, ElementsAre("INTERNAL_ERROR"));
  EXPECT_EQ(call.image_width, FakeGrounder::kSide);
  EXPECT_EQ(call.image_height, FakeGrounder::kSide);
  EXPECT_GT(call.total, Duration::zero());
  EXPECT_GE(call.total, call.times.parse + call.times.pool_queue + call.times.batch_queue);
  EXPECT_GT(call.slack, std::chrono::seconds(1));
}

TEST_F(GroundServiceTest, OneExpressionsFailureLeavesTheOthersAnswered) {
  StartAndOpen();
  v1::GroundRequest request = GoodRequest();
  request.add_expressions(kNanExpression);
  v1::GroundResponse response;

  ASSERT_TRUE(Ground(request, &response).ok());

  ASSERT_EQ(response.results_size(), 2);
  EXPECT_EQ(response.results(0).boxes_size(), 1);
  EXPECT_EQ(response.results(1).boxes_size(), 0);
  EXPECT_EQ(response.results(1).error().code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(ReasonOf(response.results(1).error()), "INTERNAL_ERROR");
}

TEST_F(GroundServiceTest, AnInternalFailureTellsTheRequestIdAndNothingElse) {
  StartAndOpen();
  v1::GroundRequest request = GoodRequest();
  request.set_expressions(0, kFailingExpression);
  request.set_request_id("my-id");

  const grpc::Status status = Ground(request);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(status.error_message(), "internal error; please report request id my-id");
  EXPECT_EQ(ReasonOf(status), "INTERNAL_ERROR");
  EXPECT_EQ(status.error_details().find("secret"), std::string::npos);
}

TEST_F(GroundServiceTest, BytesThatAreNoRequestAreMalformed) {
  StartAndOpen();
  const std::string nested = std::string(120, '\x7b') + std::string(120, '\x7c');  // groups of the unknown field 15
  const std::string bad_utf8 = std::string("\x12\x02\xc3\x28", 4);                 // expressions[0]

  for (const std::string& bytes : {std::string("\xff\xff\xff"), nested, bad_utf8}) {
    const grpc::Status status = Send(kGround, bytes);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(ReasonOf(status), "MALFORMED_REQUEST");
  }
}

TEST_F(GroundServiceTest, FieldsOfALaterVersionAreIgnored) {
  StartAndOpen();
  const std::string unknown_field = "\xfa\x07\x03new";  // field 127

  const grpc::Status status = Send(kGround, GoodRequest().SerializeAsString() + unknown_field);

  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(GroundServiceTest, TheEmptyMessageIsARequestWithoutAnything) {
  StartAndOpen();

  const grpc::Status status = Send(kGround, "");

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(DetailsOf(status).Fields(), ElementsAre("image", "expressions"));
}

TEST_F(GroundServiceTest, AMessageAboveTheLimitIsRefusedByTheLibrary) {
  server_options().limits.max_request_bytes = 1'000;
  StartAndOpen();
  v1::GroundRequest request = GoodRequest();
  request.mutable_image()->set_encoded(std::string(1'000, 'x'));

  EXPECT_EQ(Ground(request).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(GroundServiceTest, CompressedMessagesAreRefusedBeforeTheyAreInflated) {
  StartAndOpen();
  grpc::ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  v1::GroundRequest request = GoodRequest();
  request.mutable_image()->set_encoded(std::string(100'000, 'x'));

  EXPECT_EQ(GroundIn(context, request).error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(GroundServiceTest, RefusesWhileTheModelLoads) {
  StartServer();

  const grpc::Status status = Ground(GoodRequest());

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "MODEL_LOADING");
  EXPECT_EQ(log().Wait().reason, "MODEL_LOADING");
}

TEST_F(GroundServiceTest, RefusesWhileDraining) {
  StartAndOpen();
  pipeline().BeginDrain();

  const grpc::Status status = Ground(GoodRequest());

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "SHUTTING_DOWN");
}

TEST_F(HeldGroundServiceTest, AFullQueueAsksForPatience) {
  pipeline_options().admission.max_calls = 1;
  StartAndOpen();
  std::thread holder([this] { EXPECT_TRUE(Ground(GoodRequest()).ok()); });
  gate_.WaitForArrivals(1);

  grpc::ClientContext context;
  const grpc::Status status = GroundIn(context, GoodRequest());

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  const ErrorDetails details = DetailsOf(status);
  EXPECT_EQ(details.info.reason(), "QUEUE_FULL");
  int pushback_ms = 0;
  EXPECT_TRUE(absl::SimpleAtoi(TrailerOf(context, "grpc-retry-pushback-ms").value_or(""), &pushback_ms));
  EXPECT_GE(pushback_ms, 200);
  EXPECT_LE(pushback_ms, 600);
  EXPECT_EQ(details.retry.retry_delay().nanos(), pushback_ms * 1'000'000);
  EXPECT_THAT(context.GetServerInitialMetadata(), IsEmpty());
  gate_.Open();
  holder.join();
}

TEST_F(HeldGroundServiceTest, ClientLibrariesRetryARefusedCallAfterItsPushback) {
  pipeline_options().admission.max_calls = 1;
  StartServer([this](const FinishedCall& call) {
    log().Recorder()(call);
    if (call.reason == "QUEUE_FULL") gate_.Open();
  });
  Open();
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(R"({"methodConfig": [{"name": [{}], "retryPolicy": {
      "maxAttempts": 5, "initialBackoff": "60s", "maxBackoff": "60s", "backoffMultiplier": 1,
      "retryableStatusCodes": ["UNAVAILABLE"]}}]})");
  const auto retrying = v1::GroundingService::NewStub(NewChannel(arguments));
  std::thread holder([this] { EXPECT_TRUE(Ground(GoodRequest()).ok()); });
  gate_.WaitForArrivals(1);

  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));  // before the policy's own backoff
  v1::GroundResponse response;
  const grpc::Status status = retrying->Ground(&context, GoodRequest(), &response);

  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(log().Wait(1).reason, "QUEUE_FULL");
  holder.join();
}

TEST_F(HeldGroundServiceTest, TheClientsDeadlineEndsTheCallInTheServer) {
  StartAndOpen();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));

  EXPECT_EQ(GroundIn(context, GoodRequest()).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);

  // Whichever comes first, the server's own clock or the client's word: the model still waits at the gate.
  const FinishedCall call = log().Wait();
  EXPECT_THAT(call.reason, testing::AnyOf("EXPIRED_WHILE_RUNNING", "CLIENT_CANCELLED"));
  EXPECT_LT(call.slack, std::chrono::seconds(1));
  EXPECT_EQ(pipeline().occupancy().in_flight, 0);
}

TEST_F(HeldGroundServiceTest, ACallWithoutDeadlineGetsTheDefaultOne) {
  pipeline_options().default_deadline = std::chrono::milliseconds(50);
  StartAndOpen();

  const grpc::Status status = Ground(GoodRequest());

  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_THAT(ReasonOf(status), testing::AnyOf("EXPIRED_IN_QUEUE", "EXPIRED_WHILE_RUNNING"));
}

TEST_F(HeldGroundServiceTest, AClientsCancellationFreesItsPlaceAtOnce) {
  pipeline_options().admission.max_calls = 1;
  StartAndOpen();
  grpc::ClientContext context;
  std::thread client([&] { EXPECT_EQ(GroundIn(context, GoodRequest()).error_code(), grpc::StatusCode::CANCELLED); });
  gate_.WaitForArrivals(1);

  context.TryCancel();

  EXPECT_EQ(log().Wait().reason, "CLIENT_CANCELLED");
  EXPECT_EQ(pipeline().occupancy().in_flight, 0);
  client.join();
}

TEST_F(GroundServiceTest, GetModelTellsModelLimitsAndVersion) {
  server_options().version = "1.2.3";
  server_options().commit = "abcdef";
  server_options().limits.max_expressions = 5;
  StartAndOpen();
  grpc::ClientContext context;
  v1::GetModelResponse response;

  ASSERT_TRUE(stub().GetModel(&context, {}, &response).ok());

  EXPECT_EQ(response.model().digest(), std::string(64, '0'));
  EXPECT_EQ(response.input_size(), static_cast<std::uint32_t>(FakeGrounder::kSide));
  EXPECT_EQ(response.device(), "cpu");
  EXPECT_EQ(response.limits().max_request_bytes(), 16u << 20);
  EXPECT_EQ(response.limits().max_expressions(), 5u);
  EXPECT_EQ(response.limits().max_boxes(), static_cast<std::uint32_t>(FakeGrounder::kQueries));
  EXPECT_EQ(response.server().version(), "1.2.3");
  EXPECT_EQ(response.server().commit(), "abcdef");
  EXPECT_EQ(log().Wait().method, "GetModel");
}

TEST_F(GroundServiceTest, GetModelWaitsForNothing) {
  StartServer();
  grpc::ClientContext context;
  v1::GetModelResponse response;

  const grpc::Status status = stub().GetModel(&context, {}, &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "MODEL_LOADING");
}

TEST_F(GroundServiceTest, GetModelRefusesBytesThatAreNoRequest) {
  StartAndOpen();

  for (const std::string& bytes : {std::string("\xff\xff\xff"), std::string(5'000, '\x08')}) {
    const grpc::Status status = Send(kGetModel, bytes);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(ReasonOf(status), "MALFORMED_REQUEST");
  }
}

}  // namespace
}  // namespace lqvg::serving
