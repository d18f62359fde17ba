// Decodes the pixels of a JPEG file with libjpeg-turbo.
//
// Stateless and thread-safe; blocks for as long as decoding takes.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "image/header_findings.h"

namespace lqvg {

// `header` is what Judge returned for `encoded`. IMAGE_CORRUPT on any error or warning of libjpeg, and when libjpeg
// reads another size than `header` says.
absl::StatusOr<Image> DecodeJpeg(std::span<const std::uint8_t> encoded, const ImageHeader& header,
                                 const ImageLimits& limits);

}  // namespace lqvg
