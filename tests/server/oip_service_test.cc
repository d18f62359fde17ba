#include "server/oip_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "grpcpp/client_context.h"
#include "tests/server/infer_request.h"
#include "tests/server/serving_fixture.h"

namespace lqvg::serving {
namespace {

using inference::ModelInferRequest;
using inference::ModelInferResponse;
using testing::AnyOf;
using testing::ElementsAre;

constexpr char kService[] = "/inference.GRPCInferenceService/";

class OipServiceTest : public ServingTest {
 protected:
  grpc::Status Infer(const ModelInferRequest& request, ModelInferResponse* response = nullptr) {
    grpc::ClientContext context;
    return InferIn(context, request, response);
  }
  grpc::Status InferIn(grpc::ClientContext& context, const ModelInferRequest& request,
                       ModelInferResponse* response = nullptr) {
    ModelInferResponse unused;
    return inference().ModelInfer(&context, request, response != nullptr ? response : &unused);
  }

  inference::GRPCInferenceService::Stub& inference() {
    if (inference_ == nullptr) inference_ = inference::GRPCInferenceService::NewStub(channel());
    return *inference_;
  }

  bool Live() {
    grpc::ClientContext context;
    inference::ServerLiveResponse response;
    EXPECT_TRUE(inference().ServerLive(&context, {}, &response).ok());
    return response.live();
  }
  bool Ready() {
    grpc::ClientContext context;
    inference::ServerReadyResponse response;
    EXPECT_TRUE(inference().ServerReady(&context, {}, &response).ok());
    return response.ready();
  }
  bool ModelReady(const std::string& name, const std::string& version = "") {
    grpc::ClientContext context;
    inference::ModelReadyRequest request;
    request.set_name(name);
    request.set_version(version);
    inference::ModelReadyResponse response;
    EXPECT_TRUE(inference().ModelReady(&context, request, &response).ok());
    return response.ready();
  }

  // What Ground answers to the same question: x_min, y_min, x_max, y_max, score.
  std::vector<float> GroundedBox(const std::string& picture, const std::string& expression) {
    v1::GroundRequest request;
    request.mutable_image()->set_encoded(picture);
    request.add_expressions(expression);
    v1::GroundResponse response;
    EXPECT_TRUE(Ground(request, &response).ok());
    const v1::Box& box = response.results(0).boxes(0);
    return {box.x_min(), box.y_min(), box.x_max(), box.y_max(), box.score()};
  }

  // The same of a ModelInfer's answer.
  static std::vector<float> InferredBox(const ModelInferResponse& response, std::size_t index) {
    std::vector<float> box(5);
    std::memcpy(box.data(), response.raw_output_contents(0).data() + index * 4 * sizeof(float), 4 * sizeof(float));
    std::memcpy(&box[4], response.raw_output_contents(1).data() + index * sizeof(float), sizeof(float));
    return box;
  }

 private:
  std::unique_ptr<inference::GRPCInferenceService::Stub> inference_;
};

using HeldOipServiceTest = Held<OipServiceTest>;

TEST_F(OipServiceTest, TellsWhetherItIsLiveAndReady) {
  StartServer();
  EXPECT_TRUE(Live());
  EXPECT_FALSE(Ready());
  EXPECT_FALSE(ModelReady(""));
  Open();
  EXPECT_TRUE(Ready());
  EXPECT_TRUE(ModelReady("fake"));
  EXPECT_TRUE(ModelReady("", "1"));
  EXPECT_FALSE(ModelReady("another"));
  EXPECT_FALSE(ModelReady("fake", "2"));
  server().SetReady(false);
  EXPECT_FALSE(Ready());
  EXPECT_FALSE(ModelReady("fake"));
  server().SetLive(false);
  EXPECT_FALSE(Live());
}

TEST_F(OipServiceTest, TellsWhatItIs) {
  server_options().version = "1.2.3";
  StartServer();
  grpc::ClientContext server_context, loading_context, model_context;
  inference::ServerMetadataResponse server_metadata;
  ASSERT_TRUE(inference().ServerMetadata(&server_context, {}, &server_metadata).ok());
  EXPECT_EQ(server_metadata.name(), "lqvg-server");
  EXPECT_EQ(server_metadata.version(), "1.2.3");
  EXPECT_EQ(log().Wait(1).method, "ServerMetadata");

  inference::ModelMetadataRequest request;
  inference::ModelMetadataResponse metadata;
  EXPECT_EQ(ReasonOf(inference().ModelMetadata(&loading_context, request, &metadata)), "MODEL_LOADING");
  Open();
  request.set_name("fake");
  ASSERT_TRUE(inference().ModelMetadata(&model_context, request, &metadata).ok());
  EXPECT_EQ(metadata.name(), "fake");
  EXPECT_EQ(log().Wait(3).method, "ModelMetadata");
}

TEST_F(OipServiceTest, AnotherModelsMetadataIsNotFound) {
  StartAndOpen();
  grpc::ClientContext context;
  inference::ModelMetadataRequest request;
  request.set_name("another");
  inference::ModelMetadataResponse metadata;
  const grpc::Status status = inference().ModelMetadata(&context, request, &metadata);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ReasonOf(status), "MODEL_NOT_FOUND");
}

TEST_F(OipServiceTest, OneImagesExpressionsGetTheBoxesThatGroundGives) {
  StartAndOpen();
  ModelInferRequest request = InferRequest({"picture"}, {"the ship", "a much longer expression"});
  request.set_id("my-id");
  ModelInferResponse response;

  const grpc::Status status = Infer(request, &response);

  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.id(), "my-id");
  EXPECT_EQ(response.model_name(), "fake");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(2, 4));
  EXPECT_EQ(InferredBox(response, 0), GroundedBox("picture", "the ship"));
  EXPECT_EQ(InferredBox(response, 1), GroundedBox("picture", "a much longer expression"));
  const FinishedCall call = log().Wait(1);
  EXPECT_EQ(call.method, "ModelInfer");
  EXPECT_EQ(call.request_id, "my-id");
  EXPECT_EQ(call.expressions, 2);
  EXPECT_EQ(call.image_width, FakeGrounder::kSide);
  EXPECT_EQ(call.batch_expressions, 2);
  EXPECT_GT(call.times.parse, Duration::zero());
  EXPECT_GT(call.total, call.times.parse);
  EXPECT_GT(call.slack, std::chrono::seconds(1));
}

TEST_F(OipServiceTest, PairsGetTheBoxesOfTheirImages) {
  StartAndOpen();
  const std::vector<std::string> images = {"first", "second", "first", "third"};
  const std::vector<std::string> expressions = {"1", "22", "333", "4444"};
  ModelInferResponse response;

  const grpc::Status status = Infer(InferRequest(images, expressions), &response);

  ASSERT_TRUE(status.ok()) << status.error_message();
  for (std::size_t i = 0; i < images.size(); ++i) {
    EXPECT_EQ(InferredBox(response, i), GroundedBox(images[i], expressions[i])) << i;
  }
  EXPECT_EQ(log().Wait(1).expressions, 4);
  EXPECT_EQ(grounder().images_encoded, 3 + 4) << "the image that came twice was encoded once";
}

TEST_F(OipServiceTest, AnyExpressionsErrorFailsTheCall) {
  StartAndOpen();
  ModelInferRequest request = InferRequest({"first", "second"}, {"1", kNanExpression});
  request.set_id("my-id");

  const grpc::Status status = Infer(request);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(status.error_message(), "internal error; please report request id my-id");
  EXPECT_EQ(log().Wait(1).reason, "INTERNAL_ERROR");
  EXPECT_EQ(log().Wait(1).request_id, "my-id");
}

TEST_F(OipServiceTest, ARefusedRequestTellsItsFieldAndKeepsItsId) {
  StartAndOpen();
  ModelInferRequest request = InferRequest({"picture"}, {"1", "2"});
  request.set_id("my-id");
  request.mutable_raw_input_contents(1)->pop_back();

  const grpc::Status status = Infer(request);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(status), "MALFORMED_REQUEST");
  EXPECT_THAT(DetailsOf(status).Fields(), ElementsAre("inputs[EXPRESSION][1]"));
  EXPECT_EQ(log().Wait(1).request_id, "my-id");
}

TEST_F(OipServiceTest, BytesThatAreNoRequestAreMalformed) {
  StartAndOpen();
  for (const char* method :
       {"ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer"}) {
    const grpc::Status status = Send(std::string(kService) + method, "\xff\xff");
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << method;
    EXPECT_EQ(ReasonOf(status), "MALFORMED_REQUEST") << method;
  }
}

TEST_F(OipServiceTest, WhatIsNotServedIsUnimplemented) {
  StartAndOpen();
  for (const char* method : {"RepositoryModelLoad", "RepositoryModelUnload", "ModelConfig", "ModelStatistics"}) {
    EXPECT_EQ(Send(std::string(kService) + method, "").error_code(), grpc::StatusCode::UNIMPLEMENTED) << method;
  }
}

TEST_F(OipServiceTest, RefusesWhileTheModelLoadsAndWhileDraining) {
  StartServer();
  EXPECT_EQ(ReasonOf(Infer(InferRequest({"a"}, {"1"}))), "MODEL_LOADING");
  Open();
  pipeline().BeginDrain();
  EXPECT_EQ(ReasonOf(Infer(InferRequest({"a"}, {"1"}))), "SHUTTING_DOWN");
}

TEST_F(OipServiceTest, AsksForCredentialsButForProbes) {
  // The hash of "secret".
  const absl::StatusOr<ClientList> clients =
      ClientList::Parse("lab token 2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b\n");
  ASSERT_TRUE(clients.ok()) << clients.status();
  const Authenticator authenticator(*clients);
  server_options().authenticator = &authenticator;
  StartAndOpen();

  EXPECT_TRUE(Live());
  EXPECT_TRUE(Ready());
  EXPECT_TRUE(ModelReady("fake"));
  for (const char* method : {"ServerMetadata", "ModelMetadata", "ModelInfer"}) {
    EXPECT_EQ(Send(std::string(kService) + method, "\xff").error_code(), grpc::StatusCode::UNAUTHENTICATED) << method;
  }
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer secret");
  EXPECT_TRUE(InferIn(context, InferRequest({"a"}, {"1"})).ok());
  EXPECT_EQ(log().Wait(4).client, "lab");
  TearDown();  // before the authenticator goes
}

TEST_F(HeldOipServiceTest, AFullQueueFailsTheWholeCall) {
  pipeline_options().admission.max_calls = 2;
  StartAndOpen();

  const grpc::Status status = Infer(InferRequest({"a", "b", "c"}, {"1", "2", "3"}));

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "QUEUE_FULL");
  EXPECT_EQ(pipeline().occupancy().in_flight, 0);
}

TEST_F(HeldOipServiceTest, TheTimeoutOfTheRequestShortensItsDeadline) {
  StartAndOpen();
  ModelInferRequest request = InferRequest({"a", "b"}, {"1", "2"});
  (*request.mutable_parameters())["timeout"].set_int64_param(50'000);

  const grpc::Status status = Infer(request);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_THAT(ReasonOf(status), AnyOf("EXPIRED_IN_QUEUE", "EXPIRED_WHILE_RUNNING"));
  EXPECT_LE(log().Wait(1).slack, Duration::zero());
  EXPECT_EQ(pipeline().occupancy().in_flight, 0);
}

TEST_F(HeldOipServiceTest, TheTimeoutOfTheRequestNeverLengthensItsDeadline) {
  pipeline_options().default_deadline = std::chrono::milliseconds(50);
  StartAndOpen();
  ModelInferRequest request = InferRequest({"a", "b"}, {"1", "2"});
  (*request.mutable_parameters())["timeout"].set_int64_param(60'000'000);

  EXPECT_EQ(Infer(request).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(HeldOipServiceTest, AClientsCancellationFreesEveryPlaceAtOnce) {
  StartAndOpen();
  grpc::ClientContext context;
  std::thread client([&] {
    EXPECT_EQ(InferIn(context, InferRequest({"a", "b", "c"}, {"1", "2", "3"})).error_code(),
              grpc::StatusCode::CANCELLED);
  });
  gate_.WaitForArrivals(1);
  while (pipeline().occupancy().in_flight < 3) std::this_thread::yield();

  context.TryCancel();

  EXPECT_EQ(log().Wait().reason, "CLIENT_CANCELLED");
  EXPECT_TRUE(pipeline().WaitIdle(clock().Now() + std::chrono::seconds(30))) << "the model still waits at its gate";
  EXPECT_EQ(pipeline().occupancy().in_flight, 0);
  client.join();
}

}  // namespace
}  // namespace lqvg::serving
