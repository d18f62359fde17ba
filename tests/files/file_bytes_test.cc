#include "files/file_bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/temporary_folder.h"

namespace lqvg {
namespace {

using ::testing::StartsWith;

TEST(FileBytesTest, ReadsEveryByte) {
  const TemporaryFolder folder;
  const std::string bytes = std::string("a\0\r\n\x1a", 5) + std::string((1u << 20) + 3, 'x');
  const auto read = ReadBytes(folder.Write("all", bytes), bytes.size());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, bytes);
}

TEST(FileBytesTest, ReadsAnEmptyFile) {
  const TemporaryFolder folder;
  const auto read = ReadBytes(folder.Write("empty", ""), 0);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, "");
}

TEST(FileBytesTest, RefusesOneByteTooMany) {
  const TemporaryFolder folder;
  const std::string path = folder.Write("long", "12345");
  EXPECT_TRUE(ReadBytes(path, 5).ok());
  const auto read = ReadBytes(path, 4);
  EXPECT_EQ(read.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(read.status().message(), path + " has more than 4 bytes");
}

TEST(FileBytesTest, NamesWhatCannotBeRead) {
  const TemporaryFolder folder;
  const auto missing = ReadBytes(folder.Path("missing"), 1), whole_folder = ReadBytes(folder.Path(""), 1);
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()), StartsWith(folder.Path("missing") + ": "));
  EXPECT_EQ(whole_folder.status().code(), absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace lqvg
