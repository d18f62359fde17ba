// Decodes the pixels of a PNG file with libpng.
//
// Stateless and thread-safe; blocks for as long as decoding takes.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "image/header_findings.h"

namespace lqvg {

// `header` is what Judge returned for `encoded`. IMAGE_CORRUPT on any error or warning of libpng, a wrong checksum of
// any chunk among them.
absl::StatusOr<Image> DecodePng(std::span<const std::uint8_t> encoded, const ImageHeader& header,
                                const ImageLimits& limits);

}  // namespace lqvg
