#include "client/cpp/client.h"

#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace lqvg::client
