// Decodes the pixels of a TIFF file with libtiff.
//
// Stateless and thread-safe; blocks for as long as decoding takes.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "image/header_findings.h"
#include "image/tiff_layout.h"

namespace lqvg {

// `layout` is what ScanTiff found in `encoded`, and Judge passed it. IMAGE_CORRUPT on any error of libtiff, on any
// warning while it reads pixels, and when it understands the layout in another way.
absl::StatusOr<Image> DecodeTiff(std::span<const std::uint8_t> encoded, const TiffLayout& layout,
                                 const ImageLimits& limits);

}  // namespace lqvg
