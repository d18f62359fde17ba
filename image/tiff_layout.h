// How a TIFF file lays out its pixels: the few tags that decide what the bytes mean, and the sizes that follow.
//
// Read twice, by our own walk over the file and by libtiff, and compared: libtiff repairs directories as it reads them,
// and must not decode anything but what was judged. A plain value, std only.
#pragma once

#include <cstdint>

namespace lqvg {

// Values of TIFF tags, named as in TIFF 6.0.
enum TiffPhotometric : std::uint32_t {
  kTiffWhiteIsZero = 0,
  kTiffBlackIsZero = 1,
  kTiffRgb = 2,
  kTiffPalette = 3,
  kTiffSeparated = 5,
  kTiffYCbCr = 6,
};
inline constexpr std::uint32_t kTiffUncompressed = 1;
inline constexpr std::uint32_t kTiffJpegCompression = 7;
inline constexpr std::uint32_t kTiffSeparatePlanes = 2;

// A strip or a tile is called a block; strips are blocks as wide as the picture.
struct TiffLayout {
  std::uint32_t width = 0;   // pixels
  std::uint32_t height = 0;  // pixels
  std::uint32_t bits = 1;    // of a sample
  std::uint32_t samples = 1;
  std::uint32_t photometric = 0;
  std::uint32_t compression = kTiffUncompressed;
  bool separate_planes = false;  // each block holds one sample of its pixels, not all
  bool premultiplied = false;    // colours were scaled by alpha
  bool tiled = false;
  std::uint32_t block_width = 0;   // pixels
  std::uint32_t block_height = 0;  // pixels; the last strip may be lower, tiles are padded

  bool operator==(const TiffLayout&) const = default;

  std::uint64_t BlocksAcross() const { return Quotient(width, block_width); }
  std::uint64_t BlocksPerPlane() const { return BlocksAcross() * Quotient(height, block_height); }
  std::uint64_t Planes() const { return separate_planes ? samples : 1; }
  std::uint64_t RowBytes() const {
    return (std::uint64_t{block_width} * bits * (separate_planes ? 1 : samples) + 7) / 8;
  }
  std::uint64_t BlockBytes() const { return RowBytes() * block_height; }
  // Pixel rows of the `block`th block of a plane that lie in the picture.
  std::uint64_t RowsOf(std::uint64_t block) const {
    const std::uint64_t top = block / BlocksAcross() * block_height;
    return height - top < block_height ? height - top : block_height;
  }

 private:
  static std::uint64_t Quotient(std::uint64_t whole, std::uint64_t part) { return (whole + part - 1) / part; }
};

}  // namespace lqvg
