// A picture as a browser can show it, with boxes at the pixels that they were measured in.
//
// Stateless and thread-safe; blocks while it decodes. Untrusted input: no byte sequence crashes it.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace lqvg::eval {

struct ShownPicture {
  std::string bytes;           // a whole file
  const char* extension = "";  // "png" or "jpg"
  int width = 0, height = 0;   // pixels, as stored: the space of the boxes
};

// `encoded` itself, or a PNG of it: browsers do not show TIFF, turn a picture as its EXIF orientation says (boxes refer
// to the picture as it is stored), and do not agree about CMYK. Errors are those of DecodeImage
// (image/image_decoder.h), within its default limits.
absl::StatusOr<ShownPicture> ShowPicture(std::string encoded);

}  // namespace lqvg::eval
