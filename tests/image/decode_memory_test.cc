// What decoding allocates stays within what the header announced: the budget of the server's pool rests on that.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "image/image_decoder.h"
#include "image/rejection.h"
#include "tests/image/counted_memory.h"
#include "tests/image/crafted_files.h"
#include "tests/image/jpeg_encoder.h"

namespace lqvg {
namespace {

Bytes Deflated(const Bytes& bytes) {
  uLongf size = compressBound(static_cast<uLong>(bytes.size()));
  Bytes data(size);
  compress2(data.data(), &size, bytes.data(), static_cast<uLong>(bytes.size()), Z_BEST_COMPRESSION);
  data.resize(size);
  return data;
}

// A 16 x 16 picture in one tile of `side` x `side` RGB pixels, deflated.
Bytes TiffOfOneTile(std::uint32_t side) {
  TiffRecipe recipe;
  recipe.data = Deflated(Bytes(std::size_t{side} * side * 3, 0));
  recipe.tags = {{256, {16}},      {257, {16}},
                 {258, {8, 8, 8}}, {259, {8}},
                 {262, {2}},       {277, {3}},
                 {322, {side}},    {323, {side}},
                 {324, {8}},       {325, {static_cast<std::uint32_t>(recipe.data.size())}}};
  return TiffFile(recipe);
}

// A picture whose only strip is deflated and has its bits the other way round.
Bytes TiffOfTurnedBits(std::uint32_t side) {
  TiffRecipe recipe;
  Bytes pixels(std::size_t{side} * side);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * i >> 7);
  recipe.data = Deflated(pixels);
  for (std::uint8_t& byte : recipe.data) {
    std::uint8_t turned = 0;
    for (int bit = 0; bit < 8; ++bit) turned = static_cast<std::uint8_t>(turned << 1 | (byte >> bit & 1));
    byte = turned;
  }
  recipe.tags[256] = recipe.tags[257] = recipe.tags[278] = {side};
  recipe.tags[259] = {8};
  recipe.tags[266] = {2};
  recipe.tags[279] = {static_cast<std::uint32_t>(recipe.data.size())};
  return TiffFile(recipe);
}

// `count` private tags whose values are all the same `bytes` bytes.
Bytes TiffOfTags(int count, std::uint32_t bytes) {
  TiffRecipe recipe;
  recipe.data.resize(std::max<std::size_t>(recipe.data.size(), bytes));
  for (int i = 0; i < count; ++i) recipe.tags[40'000 + i] = {8};
  Bytes file = TiffFile(recipe);
  // The recipe writes one LONG; the last `count` entries become `bytes` BYTEs at offset 8.
  const std::size_t first = file.size() - 4 - static_cast<std::size_t>(count) * 12;
  for (std::size_t entry = first; entry + 12 <= file.size() - 4; entry += 12) {
    file[entry + 2] = 1;
    const Bytes length = LittleEndian(bytes, 4);
    std::copy(length.begin(), length.end(), file.begin() + static_cast<std::ptrdiff_t>(entry) + 4);
  }
  return file;
}

// Decodes and compares; the picture must be accepted.
void ExpectWithinAnnouncement(const std::string& name, const Bytes& file) {
  SCOPED_TRACE(name);
  for (const bool upright : {false, true}) {
    const absl::StatusOr<ImageHeader> header = ScanHeader(file, ImageLimits());
    ASSERT_TRUE(header.ok()) << header.status();
    const std::uint64_t announced = header->decoded_bytes + (upright ? header->turning_bytes : 0);
    const DecodeOptions options{.limits = {}, .apply_exif_orientation = upright};
    CountedMemory::Reset();
    const std::size_t before = CountedMemory::held();
    const bool accepted = DecodeImage(file, options).ok();
    const std::size_t peak = CountedMemory::peak() - before;
    EXPECT_TRUE(accepted);
    EXPECT_LE(peak, announced);
    EXPECT_LE(announced, MaxDecodedBytes(file.size(), ImageLimits()));
  }
}

TEST(DecodeMemoryTest, NoFixtureTakesMoreThanItsHeaderAnnounces) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFixtures)) names.insert(entry.path().filename());
  names.erase("expectations.json");
  EXPECT_GE(names.size(), 90u);
  for (const std::string& name : names) ExpectWithinAnnouncement(name, Fixture(name));
}

TEST(DecodeMemoryTest, NoPngTakesMoreThanItsHeaderAnnounces) {
  ExpectWithinAnnouncement("1 bit", PngFile({.width = 3'000, .height = 2'000, .bits = 1}));
  ExpectWithinAnnouncement("RGB and alpha", PngFile({.width = 2'000, .height = 1'500, .colour_type = 6}));
  ExpectWithinAnnouncement("wide", PngFile({.width = 16'384, .height = 256, .colour_type = 6}));
  ExpectWithinAnnouncement("high", PngFile({.width = 256, .height = 16'384}));
  ExpectWithinAnnouncement("a large chunk", PngFile({.before_data = PngChunk("tEXt", Bytes(4u << 20, 'x'))}));
}

TEST(DecodeMemoryTest, NoJpegTakesMoreThanItsHeaderAnnounces) {
  ExpectWithinAnnouncement("baseline", JpegFile({.width = 3'000, .height = 2'000}));
  ExpectWithinAnnouncement("progressive", JpegFile({.width = 3'000, .height = 2'000, .progressive = true}));
  ExpectWithinAnnouncement("4:2:0", JpegFile({.width = 3'001, .height = 2'001, .sampling = 2, .progressive = true}));
  ExpectWithinAnnouncement("CMYK", JpegFile({.width = 2'000, .height = 1'500, .components = 4, .progressive = true}));
  ExpectWithinAnnouncement("wide", JpegFile({.width = 16'384, .height = 256, .components = 4, .sampling = 2}));
}

TEST(DecodeMemoryTest, NoTiffTakesMoreThanItsHeaderAnnounces) {
  ExpectWithinAnnouncement("a tile larger than the picture", TiffOfOneTile(4'096));
  ExpectWithinAnnouncement("turned bits", TiffOfTurnedBits(2'000));
  ExpectWithinAnnouncement("one large tag", TiffOfTags(1, (8u << 20) - 1'000));
  ExpectWithinAnnouncement("a thousand tags", TiffOfTags(1'000, 8'000));
}

TEST(DecodeMemoryTest, TagsThatMultiplyTheFileAreRefusedFromTheHeader) {
  const Bytes bomb = TiffOfTags(1'000, 4u << 20);  // 4 GiB of values in a file of 4 MiB
  CountedMemory::Reset();
  const std::size_t before = CountedMemory::held();
  const absl::Status status = DecodeImage(bomb, DecodeOptions()).status();
  EXPECT_LT(CountedMemory::peak() - before, 1u << 20);
  EXPECT_EQ(ReasonOf(status), "IMAGE_LIMIT_EXCEEDED");
}

TEST(DecodeMemoryTest, WithoutMemoryForThePixelsTheFileIsNotToBlame) {
  const Bytes file = PngFile({.width = 2'000, .height = 2'000});
  CountedMemory::SetLimit(CountedMemory::held() + (4u << 20));
  const absl::Status status = DecodeImage(file, DecodeOptions()).status();
  CountedMemory::SetLimit(SIZE_MAX);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "MEMORY_BUDGET");
}

}  // namespace
}  // namespace lqvg
