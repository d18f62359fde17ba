// A made-up scene as a file of each format that the decoder takes.
//
// Stateless and thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "image/image.h"

namespace lqvg::bench {

struct SceneFile {
  std::string format;  // "jpeg_progressive"
  std::vector<std::uint8_t> bytes;
};

// The picture of a scene, `width` x `height` pixels, 128 to 1024 each.
Image PaintScene(int width, int height);

// `image` as baseline and progressive JPEG (quality 90, 4:2:0), as PNG, and as TIFF without compression, with LZW and
// with Deflate. INTERNAL when a codec fails.
absl::StatusOr<std::vector<SceneFile>> EncodeScene(const Image& image);

}  // namespace lqvg::bench
