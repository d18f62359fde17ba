// Every picture of tests/image/fixtures decodes to the pixels that Pillow gives for it, bit for bit.
// tools/make_image_fixtures.py wrote the pictures and expectations.json.
#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "image/image_decoder.h"
#include "tests/image/crafted_files.h"

namespace lqvg {
namespace {

nlohmann::json Expectations() {
  std::ifstream file(kFixtures + "expectations.json");
  nlohmann::json expectations = nlohmann::json::parse(file);
  EXPECT_GE(expectations.size(), 90u);
  return expectations;
}

// The decoded fixture, or nothing and a failed test.
absl::StatusOr<DecodedImage> Decode(const std::string& file, bool apply_exif_orientation) {
  DecodeOptions options;
  options.apply_exif_orientation = apply_exif_orientation;
  absl::StatusOr<DecodedImage> decoded = DecodeImage(Fixture(file), options);
  EXPECT_TRUE(decoded.ok()) << decoded.status();
  return decoded;
}

void ExpectPixels(const Image& image, const nlohmann::json& expected) {
  EXPECT_EQ(image.width, expected.at("width"));
  EXPECT_EQ(image.height, expected.at("height"));
  EXPECT_EQ(image.rgb.size(), image.ByteCount());
  EXPECT_EQ(crc32(0, image.rgb.data(), static_cast<uInt>(image.rgb.size())), expected.at("crc32").get<uLong>());
}

TEST(FixturesTest, EveryPictureDecodesToThePixelsOfPillow) {
  for (const nlohmann::json& expected : Expectations()) {
    SCOPED_TRACE(expected.at("file"));
    const absl::StatusOr<DecodedImage> decoded = Decode(expected.at("file"), /*apply_exif_orientation=*/false);
    if (decoded.ok()) ExpectPixels(decoded->image, expected.at("stored"));
  }
}

TEST(FixturesTest, EveryPictureTurnsUprightAsPillowTurnsIt) {
  for (const nlohmann::json& expected : Expectations()) {
    SCOPED_TRACE(expected.at("file"));
    const absl::StatusOr<DecodedImage> decoded = Decode(expected.at("file"), /*apply_exif_orientation=*/true);
    if (decoded.ok()) ExpectPixels(decoded->image, expected.at("upright"));
  }
}

TEST(FixturesTest, TheNotesSayWhatWasDroppedConvertedIgnoredOrApplied) {
  for (const nlohmann::json& expected : Expectations()) {
    SCOPED_TRACE(expected.at("file"));
    const bool turned = expected.at("orientation") != 1;
    const absl::StatusOr<DecodedImage> stored = Decode(expected.at("file"), /*apply_exif_orientation=*/false);
    const absl::StatusOr<DecodedImage> upright = Decode(expected.at("file"), /*apply_exif_orientation=*/true);
    if (!stored.ok() || !upright.ok()) continue;
    EXPECT_EQ(stored->alpha_dropped, expected.at("alpha"));
    EXPECT_EQ(stored->cmyk_converted, expected.at("cmyk"));
    EXPECT_EQ(stored->orientation_ignored, turned);
    EXPECT_FALSE(stored->orientation_applied);
    EXPECT_FALSE(upright->orientation_ignored);
    EXPECT_EQ(upright->orientation_applied, turned);
  }
}

TEST(FixturesTest, TheHeaderAnnouncesThePictureBeforeItIsDecoded) {
  for (const nlohmann::json& expected : Expectations()) {
    SCOPED_TRACE(expected.at("file"));
    const Bytes encoded = Fixture(expected.at("file"));
    const absl::StatusOr<ImageHeader> header = ScanHeader(encoded, ImageLimits());
    ASSERT_TRUE(header.ok()) << header.status();
    EXPECT_EQ(header->width, expected.at("stored").at("width"));
    EXPECT_EQ(header->height, expected.at("stored").at("height"));
    EXPECT_EQ(header->exif_orientation, expected.at("orientation"));
    const std::uint64_t picture_bytes = std::uint64_t{3} * header->width * header->height;
    EXPECT_GE(header->decoded_bytes, picture_bytes);
    EXPECT_EQ(header->turning_bytes, header->exif_orientation == 1 ? 0 : picture_bytes);
  }
}

}  // namespace
}  // namespace lqvg
