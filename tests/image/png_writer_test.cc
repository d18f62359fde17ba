#include "image/png_writer.h"

#include <gtest/gtest.h>

#include <random>

#include "image/image_decoder.h"

namespace lqvg {
namespace {

TEST(PngWriterTest, AWrittenPictureReadsBackBitForBit) {
  Image image{37, 23, {}};
  image.rgb.resize(image.ByteCount());
  std::mt19937 random(1);
  for (std::uint8_t& sample : image.rgb) sample = static_cast<std::uint8_t>(random());
  const absl::StatusOr<std::vector<std::uint8_t>> encoded = EncodePng(image);
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  const absl::StatusOr<DecodedImage> decoded = DecodeImage(*encoded, DecodeOptions());
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->image.width, 37);
  EXPECT_EQ(decoded->image.height, 23);
  EXPECT_EQ(decoded->image.rgb, image.rgb);
}

TEST(PngWriterTest, APlainPictureIsCompressed) {
  Image image{256, 256, {}};
  image.rgb.assign(image.ByteCount(), 90);
  const absl::StatusOr<std::vector<std::uint8_t>> encoded = EncodePng(image);
  ASSERT_TRUE(encoded.ok());
  EXPECT_LT(encoded->size(), image.ByteCount() / 50);
}

TEST(PngWriterTest, APictureWithoutItsPixelsIsRefused) {
  EXPECT_EQ(EncodePng(Image()).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(EncodePng(Image{4, 4, std::vector<std::uint8_t>(47)}).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace lqvg
