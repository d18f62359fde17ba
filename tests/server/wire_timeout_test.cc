#include "server/wire_timeout.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "grpcpp/support/slice.h"
#include "lqvg/v1/grounding.pb.h"

namespace lqvg::serving {
namespace {

using std::chrono::hours;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr char kField15Varint[] = "\x78\x01";  // a field of a later version

std::optional<Duration> TimeoutOf(std::int64_t whole_seconds, std::int32_t nanos) {
  google::protobuf::Duration timeout;
  timeout.set_seconds(whole_seconds);
  timeout.set_nanos(nanos);
  return ToTimeout(timeout);
}

// In slices of `slice_bytes`, as the transport delivers a large message.
std::optional<Duration> Find(const std::string& bytes, std::size_t slice_bytes = 1'000) {
  std::vector<grpc::Slice> slices;
  for (std::size_t i = 0; i < bytes.size(); i += slice_bytes) slices.emplace_back(bytes.substr(i, slice_bytes));
  return FindTimeout(grpc::ByteBuffer(slices.data(), slices.size()));
}

v1::GroundStreamRequest ItemWithTimeout() {
  v1::GroundStreamRequest item;
  item.mutable_request()->mutable_image()->set_encoded(std::string(10'000, 'x'));
  item.mutable_timeout()->set_seconds(3);
  item.mutable_timeout()->set_nanos(5);
  return item;
}

TEST(ToTimeoutTest, IsAboveZeroAndAtMostADay) {
  EXPECT_EQ(TimeoutOf(0, 1), nanoseconds(1));
  EXPECT_EQ(TimeoutOf(1, 999'999'999), seconds(2) - nanoseconds(1));
  EXPECT_EQ(TimeoutOf(24 * 3'600, 0), hours(24));
  EXPECT_EQ(TimeoutOf(0, 0), std::nullopt);
  EXPECT_EQ(TimeoutOf(-1, 0), std::nullopt);
  EXPECT_EQ(TimeoutOf(24 * 3'600, 1), std::nullopt);
  EXPECT_EQ(TimeoutOf(1, -1), std::nullopt);
  EXPECT_EQ(TimeoutOf(1, 1'000'000'000), std::nullopt);
  EXPECT_EQ(TimeoutOf(std::numeric_limits<std::int64_t>::min(), 0), std::nullopt);
  EXPECT_EQ(TimeoutOf(std::numeric_limits<std::int64_t>::max(), 0), std::nullopt);
}

TEST(FindTimeoutTest, FindsItBehindTheRequestHoweverTheBytesAreCut) {
  const std::string bytes = ItemWithTimeout().SerializeAsString();

  for (const std::size_t slice_bytes : {1, 7, 1'000, 100'000}) {
    EXPECT_EQ(Find(bytes, slice_bytes), seconds(3) + nanoseconds(5)) << slice_bytes;
  }
}

TEST(FindTimeoutTest, SkipsFieldsOfLaterVersions) {
  const std::string fixed32 = std::string("\x7d") + std::string(4, '\xff');
  const std::string fixed64 = std::string("\x79") + std::string(8, '\xff');

  EXPECT_EQ(Find(kField15Varint + fixed32 + fixed64 + ItemWithTimeout().SerializeAsString()),
            seconds(3) + nanoseconds(5));
}

TEST(FindTimeoutTest, OneThatComesTwiceIsMergedAsTheParserDoes) {
  v1::GroundStreamRequest second;
  second.mutable_timeout()->set_seconds(4);
  const std::string bytes = ItemWithTimeout().SerializeAsString() + second.SerializeAsString();
  v1::GroundStreamRequest parsed;
  ASSERT_TRUE(parsed.ParseFromString(bytes));

  EXPECT_EQ(Find(bytes), seconds(4) + nanoseconds(5));
  EXPECT_EQ(Find(bytes), ToTimeout(parsed.timeout()));
}

TEST(FindTimeoutTest, ThereIsNoneInWhatHasNoneOrIsBroken) {
  v1::GroundStreamRequest without = ItemWithTimeout();
  without.clear_timeout();
  v1::GroundStreamRequest invalid = ItemWithTimeout();
  invalid.mutable_timeout()->set_nanos(-1);
  const std::string whole = ItemWithTimeout().SerializeAsString();

  EXPECT_EQ(Find(""), std::nullopt);
  EXPECT_EQ(Find(without.SerializeAsString()), std::nullopt);
  EXPECT_EQ(Find(invalid.SerializeAsString()), std::nullopt);
  EXPECT_EQ(Find("\x12\x02\x08"), std::nullopt) << "it ends too early";
  EXPECT_EQ(Find("\x12\x02\x08\xff\x01"), std::nullopt) << "a number in it goes on behind its end";
  EXPECT_EQ(Find("\x0a\xff\xff\xff\xff\x0f" + whole), std::nullopt) << "a request of 4 GiB";
  EXPECT_EQ(Find("\x7b" + whole), std::nullopt) << "a group";
  EXPECT_EQ(Find(whole.substr(0, whole.size() - 1)), std::nullopt);
}

TEST(FindTimeoutTest, LooksAtAFewFieldsAlone) {
  std::string fields;
  for (int i = 0; i < 63; ++i) fields += kField15Varint;
  v1::GroundStreamRequest item;
  item.mutable_timeout()->set_seconds(1);

  EXPECT_EQ(Find(fields + item.SerializeAsString()), seconds(1));
  EXPECT_EQ(Find(fields + kField15Varint + item.SerializeAsString()), std::nullopt);
  EXPECT_EQ(Find(item.SerializeAsString() + fields + kField15Varint), std::nullopt);
}

}  // namespace
}  // namespace lqvg::serving
