#include "server/health_service.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "grpcpp/client_context.h"
#include "tests/server/serving_fixture.h"

namespace lqvg::serving {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr char kGroundingService[] = "lqvg.v1.GroundingService";
constexpr char kLiveness[] = "lqvg.liveness";

HealthCheckRequest Asking(const std::string& service) {
  HealthCheckRequest request;
  request.set_service(service);
  return request;
}

// A Watch RPC of its own.
class Watch {
 public:
  Watch(Health::Stub& stub, const std::string& service) : reader_(stub.Watch(&context_, Asking(service))) {}
  ~Watch() { context_.TryCancel(); }

  // The next status; blocks until there is one. UNKNOWN when the stream has ended.
  HealthCheckResponse::ServingStatus Next() {
    HealthCheckResponse response;
    return reader_->Read(&response) ? response.status() : HealthCheckResponse::UNKNOWN;
  }
  grpc::Status Finish() { return reader_->Finish(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> reader_;
};

class HealthServiceTest : public ServingTest {
 protected:
  void SetUp() override {
    StartServer();
    health_ = Health::NewStub(channel());
  }

  grpc::Status Check(const std::string& service, HealthCheckResponse* response) {
    grpc::ClientContext context;
    return health_->Check(&context, Asking(service), response);
  }
  HealthCheckResponse::ServingStatus StatusOf(const std::string& service) {
    HealthCheckResponse response;
    EXPECT_TRUE(Check(service, &response).ok());
    return response.status();
  }

  std::unique_ptr<Health::Stub> health_;
};

TEST_F(HealthServiceTest, IsLiveButNotReadyFromTheFirstConnection) {
  EXPECT_EQ(StatusOf(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(StatusOf(kGroundingService), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(StatusOf(kLiveness), HealthCheckResponse::SERVING);
}

TEST_F(HealthServiceTest, ReadinessAndLivenessAreIndependent) {
  server().SetReady(true);
  server().SetLive(false);

  EXPECT_EQ(StatusOf(""), HealthCheckResponse::SERVING);
  EXPECT_EQ(StatusOf(kGroundingService), HealthCheckResponse::SERVING);
  EXPECT_EQ(StatusOf(kLiveness), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthServiceTest, CheckingAnUnknownServiceIsNotFound) {
  HealthCheckResponse response;

  EXPECT_EQ(Check("lqvg.v2.GroundingService", &response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(HealthServiceTest, WatchTellsTheStatusNowAndEachChangeOnce) {
  Watch watch(*health_, "");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);

  server().SetReady(true);
  server().SetReady(true);
  EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVING);

  server().SetLive(false);
  server().SetReady(false);
  EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthServiceTest, EveryWatchIsTold) {
  Watch first(*health_, ""), second(*health_, kGroundingService), liveness(*health_, kLiveness);
  EXPECT_EQ(first.Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(second.Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(liveness.Next(), HealthCheckResponse::SERVING);

  server().SetReady(true);
  server().SetLive(false);

  EXPECT_EQ(first.Next(), HealthCheckResponse::SERVING);
  EXPECT_EQ(second.Next(), HealthCheckResponse::SERVING);
  EXPECT_EQ(liveness.Next(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthServiceTest, WatchingAnUnknownServiceStaysOpenWithoutNews) {
  Watch watch(*health_, "nobody");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVICE_UNKNOWN);

  server().SetReady(true);
  server().Shutdown(clock().Now() + std::chrono::seconds(60));

  EXPECT_EQ(watch.Next(), HealthCheckResponse::UNKNOWN);
  EXPECT_EQ(watch.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(HealthServiceTest, AWatchThatItsClientLeftIsForgotten) {
  {
    Watch watch(*health_, "");
    EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
  }
  Watch other(*health_, "");
  EXPECT_EQ(other.Next(), HealthCheckResponse::NOT_SERVING);

  server().SetReady(true);

  EXPECT_EQ(other.Next(), HealthCheckResponse::SERVING);
}

}  // namespace
}  // namespace lqvg::serving
