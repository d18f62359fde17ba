#include "server/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/client_context.h"
#include "tests/server/serving_fixture.h"

namespace lqvg::serving {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using std::chrono::seconds;

constexpr seconds kLong(60);  // longer than any of these tests may take

class ServerTest : public ServingTest {
 protected:
  absl::Status StartOn(const std::string& address) {
    return Server::Start({.address = address}, pipeline(), clock(), nullptr).status();
  }

  std::future<grpc::Status> GroundAsync() {
    return std::async(std::launch::async, [this] { return Ground(GoodRequest()); });
  }

  // Whether a new connection is served.
  bool Answers() {
    grpc::ClientContext context;
    HealthCheckResponse response;
    return Health::NewStub(UnconnectedTo(server().port()))->Check(&context, HealthCheckRequest(), &response).ok();
  }
};

TEST_F(ServerTest, PortZeroPicksAPort) {
  StartServer();

  EXPECT_GT(server().port(), 0);
  EXPECT_TRUE(Answers());
}

TEST_F(ServerTest, TheHealthEndpointTellsHealthAndServesNothingElse) {
  server_options().health_address = "127.0.0.1:0";
  StartServer();
  ASSERT_GT(server().health_port(), 0);
  const auto channel = ConnectedTo(server().health_port());
  const auto health = Health::NewStub(channel);
  const auto status_of = [&health](const std::string& service) {
    grpc::ClientContext context;
    HealthCheckRequest request;
    request.set_service(service);
    HealthCheckResponse response;
    EXPECT_TRUE(health->Check(&context, request, &response).ok());
    return response.status();
  };

  EXPECT_EQ(status_of(""), HealthCheckResponse::NOT_SERVING);
  Open();
  EXPECT_EQ(status_of(""), HealthCheckResponse::SERVING);
  server().SetLive(false);
  EXPECT_EQ(status_of("lqvg.liveness"), HealthCheckResponse::NOT_SERVING);

  grpc::ClientContext context;
  v1::GroundResponse response;
  const grpc::Status status = v1::GroundingService::NewStub(channel)->Ground(&context, GoodRequest(), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(ServerTest, AnOpenWatchOfTheHealthEndpointDoesNotHoldAShutdown) {
  server_options().health_address = "127.0.0.1:0";
  StartServer();
  const auto health = Health::NewStub(ConnectedTo(server().health_port()));
  grpc::ClientContext context;
  const auto watch = health->Watch(&context, HealthCheckRequest());
  HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));

  server().Shutdown(clock().Now());

  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ServerTest, ATakenPortOfTheHealthEndpointIsSaid) {
  StartServer();
  const std::string taken = absl::StrCat("127.0.0.1:", server().port());

  const absl::Status status =
      Server::Start({.address = "127.0.0.1:0", .health_address = taken}, pipeline(), clock(), nullptr).status();

  EXPECT_THAT(std::string(status.message()), testing::HasSubstr(absl::StrCat("for health on ", taken)));
}

TEST_F(ServerTest, WhatTheLibraryLogsGoesWhereItIsTold) {
  StartServer();
  std::string logged;
  SetLibraryLog([&logged](std::string_view message) { logged.append(message); });

  EXPECT_FALSE(StartOn(absl::StrCat("127.0.0.1:", server().port())).ok());
  SetLibraryLog({});

  EXPECT_THAT(logged, testing::HasSubstr("Address already in use"));
}

TEST_F(ServerTest, ATakenPortIsAnError) {
  StartServer();
  const std::string address = absl::StrCat("127.0.0.1:", server().port());

  const absl::Status status = StartOn(address);

  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr(address));
}

TEST_F(ServerTest, AnAddressThatCannotBeListenedOnIsAnError) {
  StartServer();

  EXPECT_EQ(StartOn("192.0.2.1:0").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(StartOn("no address").code(), absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, ShutdownEndsOpenWatchesAtOnce) {
  StartServer();
  grpc::ClientContext context;
  const auto watch = Health::NewStub(channel())->Watch(&context, HealthCheckRequest());
  HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));

  const TimePoint begun = clock().Now();
  server().Shutdown(begun + kLong);

  EXPECT_LT(clock().Now() - begun, kLong / 2);
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

using HeldServerTest = Held<ServerTest>;

TEST_F(HeldServerTest, ShutdownLetsARunningCallEnd) {
  StartAndOpen();
  std::future<grpc::Status> call = GroundAsync();
  gate_.WaitForArrivals(1);

  auto shutdown = std::async(std::launch::async, [this] { server().Shutdown(clock().Now() + kLong); });
  while (Answers()) std::this_thread::yield();
  gate_.Open();

  EXPECT_TRUE(call.get().ok());
  shutdown.get();
}

TEST_F(HeldServerTest, ShutdownCancelsWhatRunsAtItsDeadline) {
  StartAndOpen();
  std::future<grpc::Status> call = GroundAsync();
  gate_.WaitForArrivals(1);

  server().Shutdown(clock().Now());

  EXPECT_FALSE(call.get().ok());
  EXPECT_EQ(log().Wait().reason, "CLIENT_CANCELLED");
}

// A method of the reflection service, and the request for a list of services.
constexpr char kReflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
constexpr char kListServices[] = "\x3a\x01*";

TEST_F(ServerTest, ReflectionIsOffUnlessAskedFor) {
  StartServer();

  EXPECT_EQ(Send(kReflection, kListServices).error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(ServerTest, ReflectionListsTheServicesWhenAskedFor) {
  server_options().reflection = true;
  StartServer();
  std::string answer;

  const grpc::Status status = Send(kReflection, kListServices, &answer);

  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(answer, testing::HasSubstr("lqvg.v1.GroundingService"));
  EXPECT_THAT(answer, testing::HasSubstr("grpc.health.v1.Health"));
}

}  // namespace
}  // namespace lqvg::serving
