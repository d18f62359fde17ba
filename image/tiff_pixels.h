// Turns a row of TIFF samples, as the codec left them, into RGB by the rules of Pillow's convert('RGB').
//
// A converter is owned by one decode and used from its thread; it never blocks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "image/tiff_layout.h"

namespace lqvg {

using TiffPalette = std::array<std::array<std::uint8_t, 3>, 256>;

class TiffRowConverter {
 public:
  // `layout` has passed ScanTiff and Judge. `palette` is used for palette pictures only.
  TiffRowConverter(const TiffLayout& layout, const TiffPalette& palette);

  // Writes `pixels` RGB pixels to `rgb`. `samples` is the row in the first plane; the same row of each further plane
  // lies `plane_bytes` behind it.
  void Convert(const std::uint8_t* samples, std::uint64_t plane_bytes, std::uint32_t pixels, std::uint8_t* rgb);

 private:
  // The row as one byte a sample, interleaved: `samples` itself where it is so already.
  const std::uint8_t* Interleaved(const std::uint8_t* samples, std::uint64_t plane_bytes, std::uint32_t pixels);

  TiffLayout layout_;
  TiffPalette colours_;            // what a sample of a picture with one colour sample becomes
  std::vector<std::uint8_t> row_;  // scratch: [block_width, samples]
};

}  // namespace lqvg
