#include "server/address.h"

#include <gtest/gtest.h>

#include <string>

namespace lqvg::serving {
namespace {

TEST(AddressTest, ReadsHostAndPort) {
  const absl::StatusOr<Address> address = ParseAddress("127.0.0.1:50051");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->host, "127.0.0.1");
  EXPECT_EQ(address->port, 50'051);
}

TEST(AddressTest, ReadsIpv6InBracketsAndWritesItBack) {
  const absl::StatusOr<Address> address = ParseAddress("[::1]:0");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->host, "::1");
  EXPECT_EQ(FormatAddress(*address), "[::1]:0");
  EXPECT_EQ(FormatAddress({.host = "example", .port = 1}), "example:1");
}

TEST(AddressTest, RefusesWhatIsNoAddress) {
  for (const char* text : {"", ":1", "host", "host:", "host:x", "host:-1", "host:65536", "::1:80", "[::1]", "[host]:1",
                           "http://host:1", "a b:1", "a\nb:1", "\xFF:1"}) {
    EXPECT_FALSE(ParseAddress(text).ok()) << text;
  }
  EXPECT_TRUE(ParseAddress(std::string(253, 'h') + ":1").ok());
  EXPECT_FALSE(ParseAddress(std::string(254, 'h') + ":1").ok());
}

TEST(AddressTest, KnowsWhatOnlyThisMachineReaches) {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"}) {
    EXPECT_TRUE(IsLoopback(*ParseAddress(text))) << text;
  }
  for (const char* text :
       {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "128.0.0.1:1", "example.org:1", "127.0.0.1.example.org:1"}) {
    EXPECT_FALSE(IsLoopback(*ParseAddress(text))) << text;
  }
}

}  // namespace
}  // namespace lqvg::serving
