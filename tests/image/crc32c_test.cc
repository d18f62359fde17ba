#include "image/crc32c.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace lqvg {
namespace {

// 32 bytes that begin with `first` and each differ from the one before by `step`.
std::string Sequence(int first, int step) {
  std::string bytes;
  for (int i = 0; i < 32; ++i) bytes.push_back(static_cast<char>(first + step * i));
  return bytes;
}

// One bit at a time, straight from the definition.
std::uint32_t BitwiseCrc32c(const std::string& bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
  }
  return ~crc;
}

TEST(Crc32cTest, AgreesWithTheExamplesOfRfc3720) {
  EXPECT_EQ(Crc32c(Sequence(0, 0)), 0x8a9136aau);
  EXPECT_EQ(Crc32c(Sequence(0xff, 0)), 0x62a8ab43u);
  EXPECT_EQ(Crc32c(Sequence(0, 1)), 0x46dd794eu);
  EXPECT_EQ(Crc32c(Sequence(31, -1)), 0x113fdb5cu);
}

TEST(Crc32cTest, AgreesWithTheCheckValueOfTheCatalogue) { EXPECT_EQ(Crc32c("123456789"), 0xe3069283u); }

TEST(Crc32cTest, NothingHasChecksumZero) { EXPECT_EQ(Crc32c(""), 0u); }

TEST(Crc32cTest, AgreesWithTheDefinitionAtEveryLengthAndOffset) {
  std::string bytes;
  for (int i = 0; i < 64; ++i) bytes.push_back(static_cast<char>(i * 37 + 11));
  for (std::size_t offset = 0; offset < 9; ++offset) {
    for (std::size_t length = 0; length + offset <= bytes.size(); ++length) {
      const std::string part = bytes.substr(offset, length);
      EXPECT_EQ(Crc32c(part), BitwiseCrc32c(part)) << offset << " " << length;
    }
  }
}

}  // namespace
}  // namespace lqvg
