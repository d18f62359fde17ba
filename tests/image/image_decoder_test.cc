// What holds for every format: detection, the limits of the size, the order of judgement, damage.
#include "image/image_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/image/crafted_files.h"
#include "tests/image/expect_rejection.h"

namespace lqvg {
namespace {

Bytes PngOfSize(std::uint32_t width, std::uint32_t height) { return PngFile({.width = width, .height = height}); }

Bytes FromText(const std::string& text) { return {text.begin(), text.end()}; }

TEST(ImageDecoderTest, OtherFormatsAreRefusedByName) {
  const std::pair<std::string, std::string> files[] = {
      {"GIF89a..........", "GIF"},
      {std::string("RIFF\x10\0\0\0WEBPVP8 ", 16), "WebP"},
      {"BM..............", "BMP"},
      {std::string("\0\0\0\x0CjP  \r\n\x87\n", 12), "JPEG 2000"},
      {"<svg xmlns=''></svg>", "SVG"},
      {"%PDF-1.7", "PDF"},
      {std::string(128, '\0') + "DICM", "DICOM"},
      {"hello", "an unknown format"},
      {"", "an unknown format"},
  };
  for (const auto& [text, name] : files) {
    SCOPED_TRACE(name);
    ExpectRejectedByHeader(FromText(text), "UNSUPPORTED_IMAGE_FORMAT");
    const absl::Status status = ScanHeader(FromText(text), ImageLimits()).status();
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr("detected " + name));
  }
}

TEST(ImageDecoderTest, ASideMayBeAsShortAndAsLongAsTheLimitsSay) {
  ExpectAccepted(PngOfSize(16, 16));
  ExpectRejectedByHeader(PngOfSize(15, 16), "IMAGE_TOO_SMALL");
  ExpectRejectedByHeader(PngOfSize(16, 15), "IMAGE_TOO_SMALL");
  ExpectRejectedByHeader(PngOfSize(0, 16), "IMAGE_TOO_SMALL");
  ExpectAccepted(PngOfSize(16384, 256));
  ExpectRejectedByHeader(PngOfSize(16385, 300), "IMAGE_TOO_LARGE");
}

TEST(ImageDecoderTest, TheLongerSideMayBeSixtyFourTimesTheShorterOne) {
  ExpectAccepted(PngOfSize(16 * 64 - 1, 16));
  ExpectAccepted(PngOfSize(16 * 64, 16));
  ExpectRejectedByHeader(PngOfSize(16 * 64 + 1, 16), "IMAGE_TOO_LARGE");
  ExpectRejectedByHeader(PngOfSize(16, 16 * 64 + 1), "IMAGE_TOO_LARGE");
}

TEST(ImageDecoderTest, TheNumberOfPixelsIsLimitedInclusively) {
  ImageLimits limits;
  limits.max_pixels = 40 * 50;
  ExpectAccepted(PngOfSize(40, 49), limits);
  ExpectAccepted(PngOfSize(40, 50), limits);
  ExpectRejectedByHeader(PngOfSize(41, 49), "IMAGE_TOO_LARGE", limits);
}

TEST(ImageDecoderTest, TheDecodedBytesAreLimitedInclusively) {
  ImageLimits limits;
  limits.max_decoded_bytes = 32 * 32 * 4;
  const Bytes rgba = PngFile({.width = 32, .height = 32, .colour_type = 6});
  ExpectAccepted(rgba, limits);
  limits.max_decoded_bytes -= 1;
  ExpectRejectedByHeader(rgba, "IMAGE_TOO_LARGE", limits);
}

TEST(ImageDecoderTest, APictureBombIsRefusedFromItsHeader) {
  const Bytes bomb = PngFile({.width = 16384, .height = 16384, .bits = 1});
  EXPECT_LT(bomb.size(), 100'000u);
  ExpectRejectedByHeader(bomb, "IMAGE_TOO_LARGE");
}

TEST(ImageDecoderTest, SizesWhoseProductOverflowsAreTooLarge) {
  for (const std::uint64_t side : {0x8000'0000ull, 0xFFFF'FFFFull, 0x1'0000'0000ull, 0xFFFF'FFFF'FFFF'FFFFull}) {
    EXPECT_EQ(ReasonOfRejection(CheckImageSize(side, side, ImageLimits())), "IMAGE_TOO_LARGE") << side;
    EXPECT_EQ(ReasonOfRejection(CheckImageSize(side, 1, ImageLimits())), "IMAGE_TOO_LARGE") << side;
  }
  TiffRecipe tiff;
  tiff.tags[256] = {0xFFFFFFFF};
  tiff.tags[257] = {0xFFFFFFFF};
  ExpectRejectedByHeader(TiffFile(tiff), "IMAGE_TOO_LARGE");
}

TEST(ImageDecoderTest, MessagesStateTheValueAndTheLimit) {
  const absl::Status status = ScanHeader(PngOfSize(15, 20), ImageLimits()).status();
  EXPECT_THAT(std::string(status.message()), testing::AllOf(testing::HasSubstr("15 x 20"), testing::HasSubstr("16")));
}

TEST(ImageDecoderTest, FaultsAreJudgedInAFixedOrder) {
  // Each file keeps the faults of the one before and loses the gravest.
  const Bytes animation = PngChunk("acTL", Bytes(8, 0));
  ImageLimits limits;
  limits.max_ancillary_bytes = 4;
  PngRecipe recipe = {.width = 8, .height = 32, .bits = 16, .before_data = animation};
  const auto cut = [](Bytes file) {
    file.resize(file.size() - 1);
    return file;
  };
  EXPECT_EQ(ScanReason(cut(PngFile(recipe)), limits), "IMAGE_TOO_SMALL");
  recipe.width = 32;
  EXPECT_EQ(ScanReason(cut(PngFile(recipe)), limits), "UNSUPPORTED_PIXEL_FORMAT");
  recipe.bits = 8;
  limits.max_ancillary_bytes = 8;
  recipe.after_data = PngChunk("tEXt", Bytes(1, 'x'));
  EXPECT_EQ(ScanReason(cut(PngFile(recipe)), limits), "MULTI_FRAME_UNSUPPORTED");
  recipe.before_data = PngChunk("tEXt", Bytes(8, 'x'));
  EXPECT_EQ(ScanReason(cut(PngFile(recipe)), limits), "IMAGE_LIMIT_EXCEEDED");
  recipe.before_data.clear();
  EXPECT_EQ(ScanReason(cut(PngFile(recipe)), limits), "IMAGE_CORRUPT");
  EXPECT_EQ(ScanReason(PngFile(recipe), limits), "");
}

TEST(ImageDecoderTest, BytesBehindThePictureAreIgnored) {
  for (const char* name : {"rgb420.jpg", "rgb_progressive.jpg", "rgb_filtered.png", "rgb_tiled.tif"}) {
    SCOPED_TRACE(name);
    Bytes file = Fixture(name);
    Append(&file, Bytes(1000, 0xFF));
    ExpectAccepted(file);
  }
}

}  // namespace
}  // namespace lqvg
