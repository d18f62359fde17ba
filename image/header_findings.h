// What the scan of a file's structure found, and the one place where that is judged.
//
// The scanners of the three formats only find; they reject nothing. So the order in which faults are reported, and
// the words of the limits, are the same for every format.
//
// Stateless and thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "image/image_decoder.h"

namespace lqvg {

// Empty texts mean "nothing to complain of". A scan stops where it cannot go on and leaves the rest at its defaults.
struct HeaderFindings {
  ImageHeader header;              // width, height, decoded_bytes and turning_bytes are set by Judge
  bool size_known = false;         // the scan reached the size; else `corruption` is set
  std::uint64_t width = 0;         // pixels, up to 2^32 - 1
  std::uint64_t height = 0;        // pixels, up to 2^32 - 1
  std::uint64_t codec_bytes = 0;   // pixels in another form that the codec holds beside the RGB picture
  std::uint64_t copied_bytes = 0;  // of the file itself that the codec copies
  std::uint64_t columns = 0;       // of the widest rows that the codec works on, where that is more than `width`
  std::string unsupported_pixels;  // why no decoder takes the pixels
  std::string further_frame;       // what shows that the file holds more than one picture
  std::string exceeded_limit;      // which structural limit is exceeded, with value and limit
  std::string corruption;          // what is broken
};

// A rejection of the picture: INVALID_ARGUMENT with `reason` and the field "image".
absl::Status RejectImage(const char* reason, const std::string& message);

// Sets `text` unless an earlier complaint is already there: the first one is nearest to the cause.
void Complain(std::string* text, std::string complaint);

// The header of a file that may be decoded, or the first complaint in this order: size, pixel format, further frame,
// structural limit, corruption.
absl::StatusOr<ImageHeader> Judge(const HeaderFindings& findings, const ImageLimits& limits);

}  // namespace lqvg
