// Damaged files: none crashes the decoders, and what a format can notice is noticed.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "tests/image/crafted_files.h"
#include "tests/image/expect_rejection.h"

namespace lqvg {
namespace {

std::vector<std::string> FixtureNames(const std::string& extension) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFixtures)) {
    if (entry.path().extension() == extension) names.insert(entry.path().filename());
  }
  EXPECT_GE(names.size(), 15u);
  return {names.begin(), names.end()};
}

// Every file cut at about 50 places and at each of its last 12 bytes is refused.
void ExpectEveryTruncationRefused(const std::string& extension) {
  for (const std::string& name : FixtureNames(extension)) {
    const Bytes whole = Fixture(name);
    std::set<std::size_t> lengths;
    for (std::size_t percent = 0; percent < 100; percent += 2) lengths.insert(whole.size() * percent / 100);
    for (std::size_t missing = 1; missing <= 12; ++missing) lengths.insert(whole.size() - missing);
    for (const std::size_t length : lengths) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_NE(DecodeReason(cut), "") << name << " cut to " << length << " of " << whole.size() << " bytes";
    }
  }
}

// Changes one byte after the other, each in another bit pattern. Returns how many of the files still decode.
int CountAcceptedFlips(const std::string& name) {
  const Bytes whole = Fixture(name);
  int accepted = 0;
  const std::size_t step = whole.size() / 400 + 1;
  for (std::size_t pos = 0; pos < whole.size(); pos += step) {
    for (const std::uint8_t pattern : {0x01, 0x80, 0xFF}) {
      Bytes flipped = whole;
      flipped[pos] ^= pattern;
      accepted += DecodeReason(flipped).empty();
    }
  }
  return accepted;
}

TEST(DamageTest, ATruncatedJpegIsRefused) { ExpectEveryTruncationRefused(".jpg"); }

TEST(DamageTest, ATruncatedPngIsRefused) { ExpectEveryTruncationRefused(".png"); }

TEST(DamageTest, ATruncatedTiffIsRefused) { ExpectEveryTruncationRefused(".tif"); }

TEST(DamageTest, EveryChangedByteOfAPngIsNoticed) {
  for (const std::string& name : FixtureNames(".png")) EXPECT_EQ(CountAcceptedFlips(name), 0) << name;
}

// JPEG and TIFF carry no checksums: a changed byte may pass (that is what the request's crc32c is for), and here it
// only has to leave the decoder whole. Sanitizers see the rest.
TEST(DamageTest, NoChangedByteOfAJpegBreaksTheDecoder) {
  int accepted = 0;
  for (const std::string& name : FixtureNames(".jpg")) accepted += CountAcceptedFlips(name);
  EXPECT_GT(accepted, 0);
}

TEST(DamageTest, NoChangedByteOfATiffBreaksTheDecoder) {
  int accepted = 0;
  for (const std::string& name : FixtureNames(".tif")) accepted += CountAcceptedFlips(name);
  EXPECT_GT(accepted, 0);
}

}  // namespace
}  // namespace lqvg
