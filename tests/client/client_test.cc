#include "client/cpp/client.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/cpp/call_error.h"
#include "client/cpp/retained.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"
#include "lqvg/v1/grounding.grpc.pb.h"

namespace lqvg::client {
namespace {

TEST(Client, RefusesAnEmptyAddressAndAnEndlessDeadline) {
  EXPECT_EQ(Client::Connect({.target = ""}).status().code(), absl::StatusCode::kInvalidArgument);
  for (const absl::Duration deadline : {absl::ZeroDuration(), absl::InfiniteDuration()}) {
    EXPECT_EQ(Client::Connect({.deadline = deadline}).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(Client, DoesNotSendWhatNoServerTakes) {
  const auto client = Client::Connect({.target = "127.0.0.1:1"});
  ASSERT_TRUE(client.ok());
  v1::GroundRequest request;
  request.mutable_image()->set_encoded(std::string(kMaxRequestBytes, 'x'));
  EXPECT_EQ((*client)->Ground(request).status().code(), absl::StatusCode::kResourceExhausted);
}

// A server that notes what it is asked, and answers as the test says.
class ScriptedService final : public v1::GroundingService::Service {
 public:
  grpc::Status Ground(grpc::ServerContext*, const v1::GroundRequest* request, v1::GroundResponse* response) override {
    asked.push_back(*request);
    return answer(*request, *response);
  }

  std::vector<v1::GroundRequest> asked;
  std::function<grpc::Status(const v1::GroundRequest&, v1::GroundResponse&)> answer;
};

class DigestFirst : public testing::Test {
 protected:
  void SetUp() override {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    builder.SetMaxReceiveMessageSize(-1);
    server_ = builder.BuildAndStart();
    auto client = Client::Connect({.target = "127.0.0.1:" + std::to_string(port)});
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
    service_.answer = [](const v1::GroundRequest& request, v1::GroundResponse& response) {
      response.set_image_retained(true);
      response.set_image_digest(request.image().has_digest() ? request.image().digest() : kDigest);
      return grpc::Status::OK;
    };
  }

  static v1::GroundRequest Request(std::size_t bytes = Retained::kLeastBytes + 1) {
    v1::GroundRequest request;
    request.mutable_image()->set_encoded(std::string(bytes, 'x'));
    request.add_expressions("the ship");
    request.set_max_boxes(3);
    request.set_min_score(0.5f);
    request.set_clip_boxes(true);
    request.set_request_id("mine");
    return request;
  }

  static grpc::Status NotCached() {
    google::rpc::ErrorInfo info;
    info.set_reason("IMAGE_NOT_CACHED");
    info.set_domain("lqvg");
    google::rpc::Status status;
    status.set_code(static_cast<int>(grpc::StatusCode::NOT_FOUND));
    status.add_details()->PackFrom(info);
    return {grpc::StatusCode::NOT_FOUND, "not here", status.SerializeAsString()};
  }

  // SHA-256 of 65,537 times 'x'; from sha256sum.
  static inline const std::string kDigest = [] {
    const std::string hex = "1abe08ebecf1c18cab71f6fe28aaddf20268f85bad78bb9a72f88ca47c874662";
    std::string digest;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      digest.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    }
    return digest;
  }();

  ScriptedService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Client> client_;
};

TEST_F(DigestFirst, NamesAPictureThatTheServerRetains) {
  ASSERT_TRUE(client_->Ground(Request()).ok());
  ASSERT_TRUE(client_->Ground(Request()).ok());
  ASSERT_EQ(service_.asked.size(), 2u);
  EXPECT_TRUE(service_.asked[0].image().has_encoded());
  v1::GroundRequest expected = Request();
  expected.mutable_image()->set_digest(kDigest);
  EXPECT_EQ(service_.asked[1].SerializeAsString(), expected.SerializeAsString());
}

TEST_F(DigestFirst, SendsTheBytesWhenThePictureIsGone) {
  ASSERT_TRUE(client_->Ground(Request()).ok());
  const auto answer = std::exchange(service_.answer, [](const v1::GroundRequest& request, v1::GroundResponse&) {
    return request.image().has_digest() ? NotCached() : grpc::Status::OK;
  });
  EXPECT_TRUE(client_->Ground(Request()).ok());
  ASSERT_EQ(service_.asked.size(), 3u);
  EXPECT_TRUE(service_.asked[1].image().has_digest());
  EXPECT_TRUE(service_.asked[2].image().has_encoded());
  ASSERT_TRUE(client_->Ground(Request()).ok());
  EXPECT_TRUE(service_.asked.at(3).image().has_encoded()) << "it was forgotten";
}

TEST_F(DigestFirst, OtherFailuresAreTheCallers) {
  ASSERT_TRUE(client_->Ground(Request()).ok());
  service_.answer = [](const v1::GroundRequest&, v1::GroundResponse&) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no");
  };
  EXPECT_EQ(client_->Ground(Request()).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(service_.asked.size(), 2u);
}

TEST_F(DigestFirst, SendsTheBytesOfWhatIsSmallOrTurnedOrNotRetainedOrNotToBeCached) {
  const v1::GroundRequest small = Request(Retained::kLeastBytes);
  ASSERT_TRUE(client_->Ground(small).ok());
  ASSERT_TRUE(client_->Ground(small).ok());
  ASSERT_TRUE(client_->Ground(Request()).ok());
  v1::GroundRequest turned = Request();
  turned.mutable_image()->set_apply_exif_orientation(true);
  ASSERT_TRUE(client_->Ground(turned).ok());
  v1::GroundRequest bypassing = Request();
  bypassing.set_cache_policy(v1::CACHE_POLICY_BYPASS);
  ASSERT_TRUE(client_->Ground(bypassing).ok());
  v1::GroundRequest another = Request();
  another.mutable_image()->mutable_encoded()->back() = 'y';
  ASSERT_TRUE(client_->Ground(another).ok());
  for (const v1::GroundRequest& request : service_.asked) EXPECT_TRUE(request.image().has_encoded());
}

}  // namespace
}  // namespace lqvg::client
