#include "image/tiff_pixels.h"

#include <algorithm>

#include "image/cmyk.h"

namespace lqvg {
namespace {

// Grey as a palette: all values of `bits` bits spread over 0..255.
TiffPalette GreyPalette(std::uint32_t bits, bool white_is_zero) {
  TiffPalette palette = {};
  const int largest = (1 << bits) - 1;
  for (int value = 0; value <= largest; ++value) {
    const int grey = value * 255 / largest;
    palette[static_cast<std::size_t>(value)].fill(static_cast<std::uint8_t>(white_is_zero ? 255 - grey : grey));
  }
  return palette;
}

void DivideByAlpha(const std::uint8_t* rgba, std::uint8_t* rgb) {
  const int alpha = rgba[3];
  for (int c = 0; c < 3; ++c) {
    rgb[c] = alpha == 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(std::min(rgba[c] * 255 / alpha, 255));
  }
}

}  // namespace

TiffRowConverter::TiffRowConverter(const TiffLayout& layout, const TiffPalette& palette)
    : layout_(layout),
      colours_(layout.photometric == kTiffPalette ? palette
                                                  : GreyPalette(layout.bits, layout.photometric == kTiffWhiteIsZero)),
      row_(std::size_t{layout.block_width} * layout.samples) {}

const std::uint8_t* TiffRowConverter::Interleaved(const std::uint8_t* samples, std::uint64_t plane_bytes,
                                                  std::uint32_t pixels) {
  if (layout_.separate_planes) {
    for (std::uint32_t sample = 0; sample < layout_.samples; ++sample) {
      const std::uint8_t* plane = samples + sample * plane_bytes;
      for (std::uint32_t x = 0; x < pixels; ++x) row_[std::size_t{x} * layout_.samples + sample] = plane[x];
    }
    return row_.data();
  }
  if (layout_.bits == 8) return samples;
  const std::uint32_t mask = (1u << layout_.bits) - 1;
  for (std::uint32_t x = 0; x < pixels; ++x) {
    const std::uint32_t bit = x * layout_.bits;
    row_[x] = static_cast<std::uint8_t>(samples[bit / 8] >> (8 - layout_.bits - bit % 8) & mask);
  }
  return row_.data();
}

void TiffRowConverter::Convert(const std::uint8_t* samples, std::uint64_t plane_bytes, std::uint32_t pixels,
                               std::uint8_t* rgb) {
  const std::uint8_t* in = Interleaved(samples, plane_bytes, pixels);
  switch (layout_.photometric) {
    case kTiffSeparated:
      CmykToRgb(in, pixels, /*inverted=*/false, rgb);
      return;
    case kTiffRgb:
    case kTiffYCbCr:  // the JPEG codec has made it RGB
      if (layout_.samples == 3) {
        std::copy_n(in, std::size_t{pixels} * 3, rgb);
        return;
      }
      for (std::uint32_t x = 0; x < pixels; ++x, in += layout_.samples, rgb += 3) {
        if (layout_.premultiplied) {
          DivideByAlpha(in, rgb);
        } else {
          std::copy_n(in, 3, rgb);
        }
      }
      return;
    default:
      for (std::uint32_t x = 0; x < pixels; ++x, in += layout_.samples, rgb += 3) {
        std::copy_n(colours_[*in].data(), 3, rgb);
      }
  }
}

}  // namespace lqvg
