// Any bytes -> DecodeImage with small limits -> Letterbox: the pixels are those that the header promised, and the
// canvas leads back to the picture.
#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "image/image_decoder.h"
#include "image/rejection.h"
#include "model/letterbox.h"
#include "tests/fuzz/fuzz_target.h"

namespace lqvg::fuzz {
namespace {

// Small, so that thousands of files a second are tried; large enough for several rows of tiles and for scaling down.
constexpr ImageLimits kLimits = {
    .max_pixels = 1u << 14, .max_side = 1'024, .max_decoded_bytes = 256u << 10, .max_jpeg_scan_pixels = 1u << 18};
constexpr int kCanvasSide = 64;

// The box that covers exactly where the picture lies on the canvas.
Candidate WholePicture(const Placement& placement) {
  const double width = placement.image_width * placement.ratio / kCanvasSide;
  const double height = placement.image_height * placement.ratio / kCanvasSide;
  const double left = placement.pad_left / kCanvasSide;
  const double top = placement.pad_top / kCanvasSide;
  return {.cxcywh = {static_cast<float>(left + width / 2), static_cast<float>(top + height / 2),
                     static_cast<float>(width), static_cast<float>(height)}};
}

void RequireInverse(const Image& image) {
  const absl::StatusOr<Canvas> canvas = Letterbox(image, kCanvasSide);
  Require(canvas.ok(), "what was decoded has a canvas");
  Require(canvas->side == kCanvasSide && canvas->rgb.size() == std::size_t{3} * kCanvasSide * kCanvasSide,
          "the canvas has the size that was asked for");
  const Placement& placement = canvas->placement;
  Require(placement.image_width == image.width && placement.image_height == image.height,
          "the placement knows the picture's size");
  const Box box = ToPicture(WholePicture(placement), placement, kCanvasSide);
  // In picture pixels: what a float of the canvas resolves.
  const double tolerance = 1e-5 * std::max(image.width, image.height);
  Require(std::abs(box.x_min) <= tolerance && std::abs(box.y_min) <= tolerance &&
              std::abs(box.x_max - image.width) <= tolerance && std::abs(box.y_max - image.height) <= tolerance,
          "ToPicture is the inverse of the placement");
}

void RequireAsPromised(const DecodedImage& decoded, const ImageHeader& header, bool upright) {
  int width = header.width, height = header.height;
  if (upright && header.exif_orientation >= 5) std::swap(width, height);  // these turn by a quarter
  Require(decoded.image.width == width && decoded.image.height == height, "the picture has the header's size");
  Require(decoded.image.rgb.size() == decoded.image.ByteCount(), "there are three bytes for each pixel");
  Require(decoded.alpha_dropped == header.has_alpha && decoded.cmyk_converted == header.is_cmyk,
          "the notes are the header's");
  const bool turned = header.exif_orientation != 1;
  Require(decoded.orientation_applied == (turned && upright) && decoded.orientation_ignored == (turned && !upright),
          "the orientation is applied or noted");
}

void Decode(std::span<const std::uint8_t> encoded) {
  const absl::StatusOr<ImageHeader> header = ScanHeader(encoded, kLimits);
  const absl::StatusOr<DecodedImage> stored = DecodeImage(encoded, {.limits = kLimits});
  if (!stored.ok()) {
    RequireRejection(stored.status());
    Require(header.ok() || stored.status() == header.status(), "what the scan refuses, decoding refuses alike");
    return;
  }
  Require(header.ok(), "nothing is decoded that the scan refuses");
  RequireAsPromised(*stored, *header, /*upright=*/false);
  RequireInverse(stored->image);
  if (header->exif_orientation == 1) return;
  const absl::StatusOr<DecodedImage> upright =
      DecodeImage(encoded, {.limits = kLimits, .apply_exif_orientation = true});
  Require(upright.ok(), "a picture can be turned upright");
  RequireAsPromised(*upright, *header, /*upright=*/true);
}

}  // namespace
}  // namespace lqvg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lqvg::fuzz::Decode({data, size});
  return 0;
}
