#include "client/eval/shown_picture.h"

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "image/image_decoder.h"
#include "image/png_writer.h"

namespace lqvg::eval {

absl::StatusOr<ShownPicture> ShowPicture(std::string encoded) {
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(encoded.data()), encoded.size());
  const absl::StatusOr<ImageHeader> header = ScanHeader(bytes, {});
  if (!header.ok()) return header.status();
  const bool stays = header->format != ImageFormat::kTiff && header->exif_orientation == 1 && !header->is_cmyk;
  if (stays) {
    const char* extension = header->format == ImageFormat::kPng ? "png" : "jpg";
    return ShownPicture{std::move(encoded), extension, header->width, header->height};
  }
  const absl::StatusOr<DecodedImage> decoded = DecodeImage(bytes, {});
  if (!decoded.ok()) return decoded.status();
  const absl::StatusOr<std::vector<std::uint8_t>> png = EncodePng(decoded->image);
  if (!png.ok()) return png.status();
  return ShownPicture{std::string(png->begin(), png->end()), "png", header->width, header->height};
}

}  // namespace lqvg::eval
