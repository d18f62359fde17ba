#include "image/image_decoder.h"

#include <new>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "image/file_magic.h"
#include "image/header_findings.h"
#include "image/jpeg_decoder.h"
#include "image/jpeg_header.h"
#include "image/orientation.h"
#include "image/png_decoder.h"
#include "image/png_header.h"
#include "image/rejection.h"
#include "image/tiff_decoder.h"
#include "image/tiff_header.h"

namespace lqvg {
namespace {

// Only TIFF has a layout; it stays empty for the others.
absl::StatusOr<TiffFindings> Scan(std::span<const std::uint8_t> encoded, const ImageLimits& limits) {
  const std::optional<ImageFormat> format = DetectFormat(encoded);
  if (!format) {
    return RejectImage("UNSUPPORTED_IMAGE_FORMAT",
                       absl::StrCat("detected ", ForeignFormatName(encoded), "; JPEG, PNG and TIFF are supported"));
  }
  switch (*format) {
    case ImageFormat::kJpeg:
      return TiffFindings{ScanJpeg(encoded, limits), {}};
    case ImageFormat::kPng:
      return TiffFindings{ScanPng(encoded, limits), {}};
    case ImageFormat::kTiff:
      break;
  }
  return ScanTiff(encoded, limits);
}

absl::StatusOr<Image> DecodePixels(std::span<const std::uint8_t> encoded, const ImageHeader& header,
                                   const TiffLayout& layout, const ImageLimits& limits) {
  switch (header.format) {
    case ImageFormat::kJpeg:
      return DecodeJpeg(encoded, header, limits);
    case ImageFormat::kPng:
      return DecodePng(encoded, header, limits);
    case ImageFormat::kTiff:
      break;
  }
  return DecodeTiff(encoded, layout, limits);
}

}  // namespace

absl::StatusOr<ImageHeader> ScanHeader(std::span<const std::uint8_t> encoded, const ImageLimits& limits) {
  const absl::StatusOr<TiffFindings> findings = Scan(encoded, limits);
  if (!findings.ok()) return findings.status();
  return Judge(findings->common, limits);
}

namespace {

absl::StatusOr<DecodedImage> DecodeOrThrow(std::span<const std::uint8_t> encoded, const DecodeOptions& options) {
  const absl::StatusOr<TiffFindings> findings = Scan(encoded, options.limits);
  if (!findings.ok()) return findings.status();
  const absl::StatusOr<ImageHeader> header = Judge(findings->common, options.limits);
  if (!header.ok()) return header.status();
  absl::StatusOr<Image> image = DecodePixels(encoded, *header, findings->layout, options.limits);
  if (!image.ok()) return image.status();

  DecodedImage decoded;
  decoded.alpha_dropped = header->has_alpha;
  decoded.cmyk_converted = header->is_cmyk;
  const bool turned = header->exif_orientation != 1;
  decoded.orientation_ignored = turned && !options.apply_exif_orientation;
  decoded.orientation_applied = turned && options.apply_exif_orientation;
  decoded.image =
      decoded.orientation_applied ? TurnUpright(*std::move(image), header->exif_orientation) : *std::move(image);
  return decoded;
}

}  // namespace

absl::StatusOr<DecodedImage> DecodeImage(std::span<const std::uint8_t> encoded, const DecodeOptions& options) {
  try {
    return DecodeOrThrow(encoded, options);
  } catch (const std::bad_alloc&) {
    return Reject(absl::StatusCode::kUnavailable, "MEMORY_BUDGET", "there is no memory for the picture's pixels");
  }
}

}  // namespace lqvg
