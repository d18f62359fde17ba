// Any bytes -> ScanHeader: what is accepted lies within the limits, what is not is rejected as the contract says, and
// narrower limits never change what is read.
#include <algorithm>
#include <span>

#include "image/image_decoder.h"
#include "image/rejection.h"
#include "tests/fuzz/fuzz_target.h"

namespace lqvg::fuzz {
namespace {

constexpr ImageLimits kNarrow = {.max_pixels = 4'096,
                                 .max_side = 256,
                                 .max_aspect = 8,
                                 .max_decoded_bytes = 64u << 10,
                                 .max_jpeg_scans = 5,
                                 .max_jpeg_scan_pixels = 20'000,
                                 .max_png_chunks = 8,
                                 .max_ancillary_bytes = 1u << 10,
                                 .max_tiff_strips = 16};

void RequireWithin(const ImageHeader& header, const ImageLimits& limits) {
  const int longer = std::max(header.width, header.height);
  const int shorter = std::min(header.width, header.height);
  Require(shorter >= limits.min_side && longer <= limits.max_side, "both sides are within the limits");
  Require(longer <= std::int64_t{limits.max_aspect} * shorter, "the aspect is within the limit");
  Require(std::uint64_t{1} * header.width * header.height <= limits.max_pixels, "the pixels are within the limit");
  Require(std::uint64_t{1} * header.width * header.height * header.channels <= limits.max_decoded_bytes,
          "the file's own pixels are within the limit");
  Require(header.decoded_bytes >= std::uint64_t{3} * header.width * header.height, "the RGB pixels are counted");
  Require(header.channels >= 1 && header.channels <= 4, "there are 1 to 4 channels");
  Require(header.exif_orientation >= 1 && header.exif_orientation <= 8, "the orientation is 1..8");
  Require(!header.is_cmyk || header.channels == 4, "CMYK has four channels");
}

void RequireImageRejection(const absl::Status& status) {
  RequireRejection(status);
  Require(status.code() == absl::StatusCode::kInvalidArgument, "a picture is refused with INVALID_ARGUMENT");
  const std::vector<Violation> violations = ViolationsOf(status);
  Require(violations.size() == 1 && violations[0].field == "image", "the field at fault is the image");
}

bool Same(const ImageHeader& a, const ImageHeader& b) {
  return a.format == b.format && a.width == b.width && a.height == b.height && a.channels == b.channels &&
         a.exif_orientation == b.exif_orientation && a.decoded_bytes == b.decoded_bytes && a.has_alpha == b.has_alpha &&
         a.is_cmyk == b.is_cmyk;
}

void Scan(std::span<const std::uint8_t> encoded) {
  const ImageLimits wide;
  const absl::StatusOr<ImageHeader> header = ScanHeader(encoded, wide);
  if (header.ok()) {
    RequireWithin(*header, wide);
  } else {
    RequireImageRejection(header.status());
  }
  const absl::StatusOr<ImageHeader> narrow = ScanHeader(encoded, kNarrow);
  if (narrow.ok()) {
    RequireWithin(*narrow, kNarrow);
    Require(header.ok() && Same(*header, *narrow), "limits do not change what is read");
  } else {
    RequireImageRejection(narrow.status());
  }
}

}  // namespace
}  // namespace lqvg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lqvg::fuzz::Scan({data, size});
  return 0;
}
