// Walks the directories of a TIFF file without decoding, and finds what they say and hide.
//
// Stateless and thread-safe; takes microseconds, or milliseconds where blocks are JPEG.
#pragma once

#include <cstdint>
#include <span>

#include "image/header_findings.h"
#include "image/tiff_layout.h"

namespace lqvg {

struct TiffFindings {
  HeaderFindings common;
  TiffLayout layout;  // whole when `common` has no complaint
};

// `encoded` begins with a TIFF signature, classic or Big. A second picture is a further frame; reduced versions and
// masks of the first one (as in cloud-optimised GeoTIFF) are not.
TiffFindings ScanTiff(std::span<const std::uint8_t> encoded, const ImageLimits& limits);

// The most that `copied_bytes` of the findings can be, for files of at most `encoded_bytes` that pass `limits`.
std::uint64_t MaxTiffCopies(std::uint64_t encoded_bytes, const ImageLimits& limits);

}  // namespace lqvg
