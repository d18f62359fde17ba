// JPEG: what the walk over the segments refuses, what libjpeg refuses, and what passes.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/image/crafted_files.h"
#include "tests/image/expect_rejection.h"

namespace lqvg {
namespace {

constexpr std::uint8_t kSof0 = 0xC0, kSof2 = 0xC2, kSos = 0xDA, kApp1 = 0xE1, kCom = 0xFE;

// `file` with `offset` bytes into its frame header (0: the marker) changed to `value`.
Bytes WithFrameByte(Bytes file, std::uint8_t frame_marker, std::size_t offset, std::uint8_t value) {
  file.at(FindMarker(file, frame_marker) + offset) = value;
  return file;
}

// The fixture's last scan once more, `count` times.
Bytes WithRepeatedScan(const std::string& name, int count) {
  Bytes file = Fixture(name);
  const std::uint8_t sos[] = {0xFF, kSos};
  const auto last = std::find_end(file.begin(), file.end(), std::begin(sos), std::end(sos));
  const Bytes scan(last, file.end() - 2);
  file.resize(file.size() - 2);
  for (int i = 0; i < count; ++i) Append(&file, scan);
  Append(&file, {0xFF, 0xD9});
  return file;
}

constexpr int kScansOfFixture = 10;  // Pillow's progressive RGB

TEST(JpegTest, TheNumberOfScansIsLimitedInclusively) {
  EXPECT_EQ(ScanReason(WithRepeatedScan("rgb_progressive.jpg", 99 - kScansOfFixture)), "");
  EXPECT_EQ(ScanReason(WithRepeatedScan("rgb_progressive.jpg", 100 - kScansOfFixture)), "");
  ExpectRejectedByHeader(WithRepeatedScan("rgb_progressive.jpg", 101 - kScansOfFixture), "IMAGE_LIMIT_EXCEEDED");
}

TEST(JpegTest, TheWorkOfAllScansIsLimitedInclusively) {
  const Bytes file = Fixture("rgb_progressive.jpg");
  ImageLimits limits;
  limits.max_jpeg_scan_pixels = 61 * 43 * kScansOfFixture;
  ExpectAccepted(file, limits);
  limits.max_jpeg_scan_pixels -= 1;
  ExpectRejectedByHeader(file, "IMAGE_LIMIT_EXCEEDED", limits);
}

TEST(JpegTest, CommentsAndApplicationSegmentsAreLimitedInclusively) {
  ImageLimits limits;
  limits.max_ancillary_bytes = 5000;
  const Bytes file = Fixture("rgb_stored.jpg");  // its own are 12 bytes of Adobe's
  EXPECT_EQ(ScanReason(WithFirstSegment(file, JpegSegment(kCom, Bytes(4988, ' '))), limits), "");
  ExpectRejectedByHeader(WithFirstSegment(file, JpegSegment(kCom, Bytes(4989, ' '))), "IMAGE_LIMIT_EXCEEDED", limits);
}

TEST(JpegTest, ArithmeticCodingAndLosslessAreUnsupported) {
  for (const std::uint8_t frame_marker : {0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}) {
    ExpectRejectedByHeader(WithFrameByte(Fixture("rgb420.jpg"), kSof0, 1, frame_marker), "UNSUPPORTED_PIXEL_FORMAT");
  }
}

TEST(JpegTest, TwelveBitsPerSampleAreUnsupported) {
  ExpectRejectedByHeader(WithFrameByte(Fixture("rgb420.jpg"), kSof0, 4, 12), "UNSUPPORTED_PIXEL_FORMAT");
}

TEST(JpegTest, TwoComponentsAreUnsupported) {
  Bytes file = Fixture("rgb420.jpg");
  const std::size_t frame = FindMarker(file, kSof0);
  file[frame + 3] -= 3;  // the header loses the last component
  file[frame + 9] = 2;
  file.erase(file.begin() + static_cast<std::ptrdiff_t>(frame) + 16,
             file.begin() + static_cast<std::ptrdiff_t>(frame) + 19);
  ExpectRejectedByHeader(file, "UNSUPPORTED_PIXEL_FORMAT");
}

TEST(JpegTest, AHeightThatComesLaterIsTooSmall) {
  Bytes file = WithFrameByte(Fixture("rgb420.jpg"), kSof0, 5, 0);
  file = WithFrameByte(file, kSof0, 6, 0);
  ExpectRejectedByHeader(file, "IMAGE_TOO_SMALL");
}

TEST(JpegTest, ProgressiveCoefficientsCountAsDecodedBytes) {
  // 61 x 43 pixels at 4:2:0 take 4 x 3 units of 16 x 16: (2 * 2 + 1 + 1) blocks of 64 coefficients of 2 bytes each.
  constexpr std::uint64_t kCoefficientBytes = 4 * 3 * 6 * 64 * 2;
  static_assert(kCoefficientBytes > 61 * 43 * 3);
  ImageLimits limits;
  limits.max_decoded_bytes = kCoefficientBytes;
  ExpectAccepted(Fixture("rgb_progressive.jpg"), limits);
  limits.max_decoded_bytes -= 1;
  ExpectRejectedByHeader(Fixture("rgb_progressive.jpg"), "IMAGE_TOO_LARGE", limits);
  ExpectAccepted(Fixture("rgb420.jpg"), limits);
}

TEST(JpegTest, AMissingEndMarkerIsCorrupt) {
  Bytes file = Fixture("rgb420.jpg");
  file.resize(file.size() - 2);
  ExpectRejectedByHeader(file, "IMAGE_CORRUPT");
}

TEST(JpegTest, AnEndMarkerBeforeTheEndOfThePictureIsCorrupt) {
  Bytes file = Fixture("rgb420.jpg");
  file.resize(file.size() / 2);
  Append(&file, {0xFF, 0xD9});
  EXPECT_EQ(ScanReason(file), "");
  EXPECT_EQ(DecodeReason(file), "IMAGE_CORRUPT");
}

TEST(JpegTest, FilesWithoutTheirPartsAreCorrupt) {
  ExpectRejectedByHeader({0xFF, 0xD8, 0xFF, 0xD9}, "IMAGE_CORRUPT");        // nothing at all
  ExpectRejectedByHeader({0xFF, 0xD8, 0xFF}, "IMAGE_CORRUPT");              // not even a marker
  ExpectRejectedByHeader({0xFF, 0xD8, 0xFF, 0xFF, 0xFF}, "IMAGE_CORRUPT");  // fill bytes to the end
  const Bytes file = Fixture("rgb420.jpg");
  Bytes no_scan(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(FindMarker(file, kSos)));
  Append(&no_scan, {0xFF, 0xD9});
  ExpectRejectedByHeader(no_scan, "IMAGE_CORRUPT");
  Bytes scan_first = {0xFF, 0xD8};
  scan_first.insert(scan_first.end(), file.begin() + static_cast<std::ptrdiff_t>(FindMarker(file, kSos)), file.end());
  ExpectRejectedByHeader(scan_first, "IMAGE_CORRUPT");
}

TEST(JpegTest, TwoFrameHeadersAreCorrupt) {
  const Bytes file = Fixture("rgb420.jpg");
  const auto frame = file.begin() + static_cast<std::ptrdiff_t>(FindMarker(file, kSof0));
  ExpectRejectedByHeader(WithFirstSegment(file, Bytes(frame, frame + 19)), "IMAGE_CORRUPT");
}

TEST(JpegTest, SamplingFactorsOutOfRangeAreCorrupt) {
  for (const std::uint8_t factors : {0x00, 0x10, 0x01, 0x51, 0x15, 0xFF}) {
    ExpectRejectedByHeader(WithFrameByte(Fixture("rgb420.jpg"), kSof0, 11, factors), "IMAGE_CORRUPT");
  }
}

TEST(JpegTest, APictureInsideASegmentIsNotThePicture) {
  // A thumbnail has start, frame and end markers of its own.
  Bytes body = {'E', 'x', 'i', 'f', 0, 0};
  Append(&body, Fixture("grey.jpg"));
  const Bytes file = WithFirstSegment(Fixture("rgb420.jpg"), JpegSegment(kApp1, body));
  ExpectAccepted(file);
  Bytes cut = file;
  cut.resize(2 + 4 + body.size() + 100);
  ExpectRejectedByHeader(cut, "IMAGE_CORRUPT");
}

TEST(JpegTest, OrientationsOutOfRangeAndDamagedExifLeaveThePictureUpright) {
  for (const std::uint8_t orientation : {0, 9, 255}) {
    Bytes exif = {'E', 'x', 'i', 'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 18, 1, 3, 0, 1, 0, 0, 0};
    Append(&exif, {orientation, 0, 0, 0, 0, 0, 0, 0});
    for (const std::size_t length : {exif.size(), exif.size() - 5, std::size_t{6}, std::size_t{10}}) {
      const Bytes body(exif.begin(), exif.begin() + static_cast<std::ptrdiff_t>(length));
      const absl::StatusOr<ImageHeader> header =
          ScanHeader(WithFirstSegment(Fixture("rgb420.jpg"), JpegSegment(kApp1, body)), ImageLimits());
      ASSERT_TRUE(header.ok());
      EXPECT_EQ(header->exif_orientation, 1);
    }
  }
}

TEST(JpegTest, ProgressiveFilesAreAcceptedWhenTheirFrameSaysSo) {
  ASSERT_NO_THROW(FindMarker(Fixture("rgb_progressive.jpg"), kSof2));
  ExpectAccepted(Fixture("rgb_progressive.jpg"));
}

}  // namespace
}  // namespace lqvg
