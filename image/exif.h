// The one thing that we read from EXIF: which way up the picture is.
//
// Stateless and thread-safe.
#pragma once

#include <cstdint>
#include <span>

#include "image/tiff_directory.h"

namespace lqvg {

// The orientation (1 to 8) in an EXIF block, which is laid out as a TIFF file. 1 when there is none or when the block
// is damaged: EXIF is a remark about the picture, so it never makes a picture unusable.
int ExifOrientation(std::span<const std::uint8_t> block);

// The same for a directory already at hand.
int OrientationOf(const TiffDirectory& directory);

}  // namespace lqvg
