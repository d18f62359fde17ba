// Names the format of a file from its first bytes; file names and declared types are never believed.
//
// Stateless and thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "image/image_decoder.h"

namespace lqvg {

// The format, if it is one that DecodeImage takes.
std::optional<ImageFormat> DetectFormat(std::span<const std::uint8_t> encoded);

// "GIF", "WebP", ... for a known format that DecodeImage does not take, else "an unknown format". Never bytes of the
// file: the name goes into messages.
const char* ForeignFormatName(std::span<const std::uint8_t> encoded);

}  // namespace lqvg
