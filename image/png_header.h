// Walks the chunks of a PNG file to its end without inflating, and finds what its header says and hides.
//
// Stateless and thread-safe; takes microseconds. The checksums are left to the decoder.
#pragma once

#include <cstdint>
#include <span>

#include "image/header_findings.h"

namespace lqvg {

// `encoded` begins with PNG's signature. Bytes after the end chunk are not looked at.
HeaderFindings ScanPng(std::span<const std::uint8_t> encoded, const ImageLimits& limits);

}  // namespace lqvg
