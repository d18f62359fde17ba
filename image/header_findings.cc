#include "image/header_findings.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "image/rejection.h"
#include "image/tiff_header.h"

namespace lqvg {
namespace {

// What a codec needs whatever the file: state, tables of codes, Deflate's window. libtiff for LZW: 82 KB.
constexpr std::uint64_t kCodecState = 256u << 10;
// Rows in work. Most in libjpeg: 4 components, each of up to 4 * (8 + 2) rows around a row of blocks, which upsampling
// may keep in 4 further ones.
constexpr std::uint64_t kRowBytesPerColumn = 4 * (4 * (8 + 2) + 4);
// libpng's pointer to each row.
constexpr std::uint64_t kBytesPerRow = 8;

std::uint64_t WorkingBytes(std::uint64_t columns, std::uint64_t rows) {
  return kCodecState + kRowBytesPerColumn * columns + kBytesPerRow * rows;
}

absl::Status CheckBytes(const char* what, std::uint64_t bytes, std::uint64_t limit) {
  if (bytes <= limit) return absl::OkStatus();
  return RejectImage("IMAGE_TOO_LARGE", absl::StrCat(what, " take ", bytes, " bytes, the limit is ", limit));
}

}  // namespace

absl::Status RejectImage(const char* reason, const std::string& message) {
  return Reject(absl::StatusCode::kInvalidArgument, reason, message, {{"image", message}});
}

void Complain(std::string* text, std::string complaint) {
  if (text->empty()) *text = std::move(complaint);
}

absl::Status CheckImageSize(std::uint64_t width, std::uint64_t height, const ImageLimits& limits) {
  const std::uint64_t longer = std::max(width, height);
  const std::uint64_t shorter = std::min(width, height);
  const std::string size = absl::StrCat("the picture is ", width, " x ", height, " pixels, ");
  if (longer > static_cast<std::uint64_t>(limits.max_side)) {
    return RejectImage("IMAGE_TOO_LARGE", absl::StrCat(size, "the limit of a side is ", limits.max_side));
  }
  // From here on no product overflows: both sides are ints.
  if (width * height > limits.max_pixels) {
    return RejectImage("IMAGE_TOO_LARGE", absl::StrCat(size, "the limit is ", limits.max_pixels, " in all"));
  }
  if (shorter < static_cast<std::uint64_t>(limits.min_side)) {
    return RejectImage("IMAGE_TOO_SMALL", absl::StrCat(size, "a side must have at least ", limits.min_side));
  }
  if (longer > shorter * static_cast<std::uint64_t>(limits.max_aspect)) {
    return RejectImage("IMAGE_TOO_LARGE", absl::StrCat(size, "the longer side may be at most ", limits.max_aspect,
                                                       " times the shorter one"));
  }
  return absl::OkStatus();
}

absl::StatusOr<ImageHeader> Judge(const HeaderFindings& findings, const ImageLimits& limits) {
  if (findings.size_known) {
    if (absl::Status size = CheckImageSize(findings.width, findings.height, limits); !size.ok()) return size;
  }
  if (!findings.unsupported_pixels.empty()) {
    return RejectImage("UNSUPPORTED_PIXEL_FORMAT", findings.unsupported_pixels);
  }
  const std::uint64_t pixels = findings.width * findings.height;
  const auto channels = static_cast<std::uint64_t>(findings.header.channels);
  absl::Status bytes = CheckBytes("the decoded pixels", pixels * channels, limits.max_decoded_bytes);
  bytes.Update(CheckBytes("the decoder's buffers", findings.codec_bytes, limits.max_decoded_bytes));
  if (!bytes.ok()) return bytes;
  if (!findings.further_frame.empty()) return RejectImage("MULTI_FRAME_UNSUPPORTED", findings.further_frame);
  if (!findings.exceeded_limit.empty()) return RejectImage("IMAGE_LIMIT_EXCEEDED", findings.exceeded_limit);
  if (!findings.corruption.empty()) return RejectImage("IMAGE_CORRUPT", findings.corruption);
  ImageHeader header = findings.header;
  header.width = static_cast<int>(findings.width);
  header.height = static_cast<int>(findings.height);
  const std::uint64_t columns = std::max(findings.width, findings.columns);
  header.decoded_bytes =
      pixels * 3 + findings.codec_bytes + findings.copied_bytes + WorkingBytes(columns, findings.height);
  header.turning_bytes = header.exif_orientation == 1 ? 0 : pixels * 3;
  return header;
}

std::uint64_t MaxDecodedBytes(std::uint64_t encoded_bytes, const ImageLimits& limits) {
  const auto side = static_cast<std::uint64_t>(limits.max_side);
  return limits.max_pixels * 3 * 2 + limits.max_decoded_bytes + MaxTiffCopies(encoded_bytes, limits) +
         WorkingBytes(side, side);
}

}  // namespace lqvg
