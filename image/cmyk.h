// CMYK to RGB by the arithmetic of Pillow's convert('RGB'), bit for bit: no colour profile takes part.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace lqvg {

// Converts `pixels` pixels. `inverted`: 255 means no ink, as JPEG files have it (Adobe's convention), and not full ink.
inline void CmykToRgb(const std::uint8_t* cmyk, std::size_t pixels, bool inverted, std::uint8_t* rgb) {
  const int flip = inverted ? 0xFF : 0;
  for (std::size_t i = 0; i < pixels; ++i, cmyk += 4, rgb += 3) {
    const int light = 255 - (cmyk[3] ^ flip);
    for (int c = 0; c < 3; ++c) {
      const int product = (cmyk[c] ^ flip) * light + 128;
      const int absorbed = ((product >> 8) + product) >> 8;  // the product over 255, rounded
      rgb[c] = static_cast<std::uint8_t>(std::max(light - absorbed, 0));
    }
  }
}

}  // namespace lqvg
