// The picture every room agrees on: owning, plain, std only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lqvg {

// An 8-bit RGB picture. Rows run from the top, pixels are interleaved R, G, B, no padding between rows.
struct Image {
  int width = 0;                  // pixels
  int height = 0;                 // pixels
  std::vector<std::uint8_t> rgb;  // [height, width, 3]

  std::size_t ByteCount() const { return static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3; }
};

}  // namespace lqvg
