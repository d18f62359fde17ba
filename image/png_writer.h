// Writes a picture as a PNG file in memory, compressed for speed rather than for size.
//
// Stateless and thread-safe; blocks for about 15 ms per megapixel.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "image/image.h"

namespace lqvg {

// `image` must hold width * height pixels, at least one: else INVALID_ARGUMENT. INTERNAL when libpng fails.
absl::StatusOr<std::vector<std::uint8_t>> EncodePng(const Image& image);

}  // namespace lqvg
