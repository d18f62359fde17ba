// Turns a JPEG, PNG or TIFF file held in memory into an Image, judging its header before any pixel memory exists.
//
// Stateless and thread-safe; blocks for as long as decoding takes (about 5 ms per megapixel). Untrusted input: no
// byte sequence crashes it, and it never holds more than the header announces (ImageHeader::decoded_bytes).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "image/image.h"

namespace lqvg {

// What a picture may be. Each limit is inclusive.
struct ImageLimits {
  std::uint64_t max_pixels = 64'000'000;
  int min_side = 16;                               // pixels
  int max_side = 16'384;                           // pixels
  int max_aspect = 64;                             // longer side over shorter side
  std::uint64_t max_decoded_bytes = 256ull << 20;  // of the file's own pixels, before conversion to RGB
  int max_jpeg_scans = 100;
  std::uint64_t max_jpeg_scan_pixels = 1'600'000'000;  // scans times pixels, about 2 s of decoding
  int max_png_chunks = 1'000;                          // picture data counts only in chunks under 4 KiB
  std::size_t max_ancillary_bytes = 8u << 20;          // PNG chunks, JPEG segments, TIFF tags: all but picture data
  int max_tiff_strips = 16'384;                        // strips or tiles
};

enum class ImageFormat { kJpeg, kPng, kTiff };

// What a file says of itself before a pixel is decoded.
struct ImageHeader {
  ImageFormat format = ImageFormat::kJpeg;
  int width = 0;                    // pixels, as stored
  int height = 0;                   // pixels, as stored
  int channels = 0;                 // in the file, 1..4
  int exif_orientation = 1;         // 1..8; 1 is upright
  std::uint64_t decoded_bytes = 0;  // the most that decoding allocates: the picture in RGB, and what the codec holds
  std::uint64_t turning_bytes = 0;  // beside that, if the picture is turned upright: a second one
  bool has_alpha = false;           // the file says which pixels are transparent; decoding drops that
  bool is_cmyk = false;             // decoding converts it as Pillow does, without a colour profile
};

struct DecodeOptions {
  ImageLimits limits;
  bool apply_exif_orientation = false;  // the official code ignores the tag
};

struct DecodedImage {
  Image image;
  bool alpha_dropped = false;
  bool cmyk_converted = false;
  bool orientation_ignored = false;
  bool orientation_applied = false;
};

// Reads the header and checks it against `limits`, allocating no pixel memory. Rejections (see rejection.h), all
// INVALID_ARGUMENT with field "image": UNSUPPORTED_IMAGE_FORMAT, UNSUPPORTED_PIXEL_FORMAT, MULTI_FRAME_UNSUPPORTED,
// IMAGE_TOO_LARGE, IMAGE_TOO_SMALL, IMAGE_CORRUPT, IMAGE_LIMIT_EXCEEDED.
absl::StatusOr<ImageHeader> ScanHeader(std::span<const std::uint8_t> encoded, const ImageLimits& limits);

// The most that decoded_bytes and turning_bytes can be together, for files of at most `encoded_bytes` that pass
// `limits`.
std::uint64_t MaxDecodedBytes(std::uint64_t encoded_bytes, const ImageLimits& limits);

// ScanHeader, then the pixels. The same rejections; any warning of a codec is IMAGE_CORRUPT. UNAVAILABLE with
// MEMORY_BUDGET when the machine has no memory for the pixels: then nothing is wrong with the file.
absl::StatusOr<DecodedImage> DecodeImage(std::span<const std::uint8_t> encoded, const DecodeOptions& options);

// Checks the size of a picture that came without a file, against the same limits and with the same rejections.
absl::Status CheckImageSize(std::uint64_t width, std::uint64_t height, const ImageLimits& limits);

}  // namespace lqvg
