// PNG: what the walk over the chunks refuses, what libpng refuses, and what passes.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/image/crafted_files.h"
#include "tests/image/expect_rejection.h"

namespace lqvg {
namespace {

// Where the chunk `type` begins (its length field).
std::size_t FindChunk(const Bytes& file, const std::string& type) {
  const auto found = std::search(file.begin(), file.end(), type.begin(), type.end());
  return static_cast<std::size_t>(found - file.begin()) - 4;
}

Bytes Chunks(const std::string& type, const Bytes& body, int count) {
  Bytes chunks;
  for (int i = 0; i < count; ++i) Append(&chunks, PngChunk(type, body));
  return chunks;
}

TEST(PngTest, SixteenBitsPerSampleAreRefused) {
  for (const int colour_type : {0, 2, 4, 6}) {
    ExpectRejectedByHeader(PngFile({.bits = 16, .colour_type = colour_type}), "UNSUPPORTED_PIXEL_FORMAT");
  }
}

TEST(PngTest, AnAnimationIsRefused) {
  ExpectRejectedByHeader(PngFile({.before_data = PngChunk("acTL", Bytes(8, 1))}), "MULTI_FRAME_UNSUPPORTED");
}

TEST(PngTest, ImpossibleHeadersAreCorrupt) {
  for (const auto& [bits, colour_type] : {std::pair{3, 0}, {8, 1}, {8, 5}, {8, 7}, {4, 2}, {16, 3}, {0, 0}, {2, 6}}) {
    Bytes file = PngSignature();
    Append(&file, PngChunk("IHDR", PngHeaderBody({.bits = bits, .colour_type = colour_type})));
    Append(&file, PngChunk("IDAT", PngBlackData({})));
    Append(&file, PngChunk("IEND", {}));
    SCOPED_TRACE(testing::Message() << bits << " bits, colour type " << colour_type);
    ExpectRejectedByHeader(file, "IMAGE_CORRUPT");
  }
}

TEST(PngTest, TheHeaderMustComeFirst) {
  Bytes file = PngSignature();
  Append(&file, PngChunk("tEXt", {'a', 0, 'b'}));
  const Bytes rest = PngFile({});
  file.insert(file.end(), rest.begin() + 8, rest.end());
  ExpectRejectedByHeader(file, "IMAGE_CORRUPT");
}

TEST(PngTest, TheNumberOfChunksIsLimitedInclusively) {
  // Header, data and end are chunks too.
  ExpectAccepted(PngFile({.before_data = Chunks("tEXt", {'a', 0, 'b'}, 997)}));
  ExpectRejectedByHeader(PngFile({.before_data = Chunks("tEXt", {'a', 0, 'b'}, 998)}), "IMAGE_LIMIT_EXCEEDED");
  ExpectRejectedByHeader(PngFile({.after_data = Chunks("IDAT", {}, 998)}), "IMAGE_LIMIT_EXCEEDED");
}

TEST(PngTest, ChunksThatAreFullOfPictureDataDoNotCount) {
  ImageLimits limits;
  limits.max_png_chunks = 3;
  EXPECT_EQ(ScanReason(PngFile({.after_data = Chunks("IDAT", Bytes(4096, 0), 5)}), limits), "");
  EXPECT_EQ(ScanReason(PngFile({.after_data = Chunks("IDAT", Bytes(4095, 0), 1)}), limits), "IMAGE_LIMIT_EXCEEDED");
}

TEST(PngTest, BytesThatAreNoPictureDataAreLimitedInclusively) {
  ImageLimits limits;
  limits.max_ancillary_bytes = 2000;
  ExpectAccepted(PngFile({.before_data = Chunks("prIv", Bytes(1000, 7), 2)}), limits);
  ExpectRejectedByHeader(PngFile({.before_data = PngChunk("prIv", Bytes(2001, 7))}), "IMAGE_LIMIT_EXCEEDED", limits);
}

TEST(PngTest, AWrongChecksumInAnyChunkIsCorrupt) {
  for (const char* type : {"IHDR", "tEXt", "IDAT", "IEND"}) {
    SCOPED_TRACE(type);
    Bytes file = PngFile({.before_data = PngChunk("tEXt", {'a', 0, 'b'})});
    const std::size_t chunk = FindChunk(file, type);
    const std::size_t length = file[chunk + 2] * 256u + file[chunk + 3];
    file[chunk + 8 + length] ^= 1;  // the checksum's first byte
    EXPECT_EQ(DecodeReason(file), "IMAGE_CORRUPT");
  }
}

TEST(PngTest, TooLittlePictureDataIsCorrupt) {
  Bytes file = PngSignature();
  Append(&file, PngChunk("IHDR", PngHeaderBody({.height = 33})));
  Append(&file, PngChunk("IDAT", PngBlackData({.height = 32})));
  Append(&file, PngChunk("IEND", {}));
  EXPECT_EQ(DecodeReason(file), "IMAGE_CORRUPT");
}

TEST(PngTest, TooMuchPictureDataIsCorrupt) {
  Bytes file = PngSignature();
  Append(&file, PngChunk("IHDR", PngHeaderBody({.height = 32})));
  Append(&file, PngChunk("IDAT", PngBlackData({.height = 3200})));
  Append(&file, PngChunk("IEND", {}));
  EXPECT_EQ(DecodeReason(file), "IMAGE_CORRUPT");
}

TEST(PngTest, APaletteIndexBeyondThePaletteIsCorrupt) {
  PngRecipe recipe = {.colour_type = 3};
  Bytes rows((recipe.width + 1) * recipe.height, 0);
  rows[5] = 9;
  uLongf size = compressBound(static_cast<uLong>(rows.size()));
  Bytes data(size);
  compress(data.data(), &size, rows.data(), static_cast<uLong>(rows.size()));
  data.resize(size);
  const auto file_with_palette = [&](std::size_t entries) {
    Bytes file = PngSignature();
    Append(&file, PngChunk("IHDR", PngHeaderBody(recipe)));
    Append(&file, PngChunk("PLTE", Bytes(entries * 3, 7)));
    Append(&file, PngChunk("IDAT", data));
    Append(&file, PngChunk("IEND", {}));
    return file;
  };
  EXPECT_EQ(DecodeReason(file_with_palette(10)), "");
  EXPECT_EQ(DecodeReason(file_with_palette(9)), "IMAGE_CORRUPT");
}

TEST(PngTest, APaletteThatIsMissingIsCorrupt) { EXPECT_EQ(DecodeReason(PngFile({.colour_type = 3})), "IMAGE_CORRUPT"); }

TEST(PngTest, AnUnknownChunkThatMattersIsCorruptAndItsNameIsNotRepeated) {
  const Bytes file = PngFile({.before_data = PngChunk("ABCD", {1})});
  const absl::StatusOr<DecodedImage> decoded = DecodeImage(file, DecodeOptions());
  EXPECT_EQ(ReasonOfRejection(decoded.status()), "IMAGE_CORRUPT");
  EXPECT_EQ(std::string(decoded.status().message()).find("ABCD"), std::string::npos);
}

TEST(PngTest, AnEndChunkWithABodyIsCorrupt) {
  Bytes file = PngFile({});
  file.resize(file.size() - 12);
  Append(&file, PngChunk("IEND", {1}));
  ExpectRejectedByHeader(file, "IMAGE_CORRUPT");
}

TEST(PngTest, AColourProfileThatIsWrongDoesNotMatter) {
  ExpectAccepted(PngFile({.before_data = PngChunk("iCCP", {'a', 0, 0, 1, 2, 3})}));
}

TEST(PngTest, DamagedExifLeavesThePictureUpright) {
  const Bytes file = PngFile({.before_data = PngChunk("eXIf", {'I', 'I', 42, 0, 200, 0, 0, 0})});
  const absl::StatusOr<ImageHeader> header = ScanHeader(file, ImageLimits());
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->exif_orientation, 1);
}

}  // namespace
}  // namespace lqvg
