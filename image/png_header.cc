#include "image/png_header.h"

#include "absl/strings/str_cat.h"
#include "image/byte_reader.h"
#include "image/exif.h"

namespace lqvg {
namespace {

constexpr std::uint64_t kSignatureBytes = 8;
constexpr std::uint64_t kHeaderBytes = 13;  // of IHDR
constexpr std::uint64_t kMaxChunkBytes = 0x7FFFFFFF;

// libpng writes 8 KiB of picture data a chunk, so an honest 12 MB file has 1,500 of them. A chunk that carries its
// weight is not what the limit of chunks is meant for.
constexpr std::uint64_t kWeightyChunkBytes = 4096;

// A chunk's type as the number that its four letters make.
constexpr std::uint64_t Type(const char (&letters)[5]) {
  std::uint64_t type = 0;
  for (int i = 0; i < 4; ++i) type = type << 8 | static_cast<std::uint8_t>(letters[i]);
  return type;
}

// Bit 5 of the first letter (lower case) marks a chunk that a decoder may skip.
bool IsAncillary(std::uint64_t type) { return (type & 0x20000000u) != 0; }

class PngScan {
 public:
  PngScan(std::span<const std::uint8_t> encoded, const ImageLimits& limits)
      : encoded_(encoded), reader_(encoded, std::endian::big), limits_(limits) {
    findings_.header.format = ImageFormat::kPng;
  }

  HeaderFindings Run() {
    if (ReadHeader()) {
      while (Step()) {
      }
    }
    return findings_;
  }

 private:
  bool Corrupt(const char* complaint) {
    Complain(&findings_.corruption, complaint);
    return false;
  }

  bool ReadHeader() {
    if (reader_.Uint(pos_, 4) != kHeaderBytes || reader_.Uint(pos_ + 4, 4) != Type("IHDR") ||
        !reader_.Holds(pos_ + 8, kHeaderBytes + 4)) {
      return Corrupt("the PNG file does not begin with a whole header chunk");
    }
    findings_.size_known = true;
    findings_.width = *reader_.Uint(pos_ + 8, 4);
    findings_.height = *reader_.Uint(pos_ + 12, 4);
    const std::uint64_t bits = *reader_.Uint(pos_ + 16, 1);
    const std::uint64_t colour_type = *reader_.Uint(pos_ + 17, 1);
    ReadPixelFormat(bits, colour_type);
    return true;
  }

  // Only the pairs of bits and colour type that the format knows pass; 16 bits are known, but not supported.
  void ReadPixelFormat(std::uint64_t bits, std::uint64_t colour_type) {
    constexpr int kChannels[] = {1, 0, 3, 1, 2, 0, 4};  // grey, -, RGB, palette, grey + alpha, -, RGB + alpha
    const int channels = colour_type < std::size(kChannels) ? kChannels[colour_type] : 0;
    const bool one_channel = channels == 1;
    const bool palette = colour_type == 3;
    const bool sub_byte = bits == 1 || bits == 2 || bits == 4;
    if (channels == 0 || !(bits == 8 || (bits == 16 && !palette) || (sub_byte && one_channel))) {
      Complain(&findings_.corruption, "the PNG header's colour type and bit depth do not exist together");
    } else if (bits == 16) {
      Complain(&findings_.unsupported_pixels, "the PNG file has 16 bits per sample, not 8");
    }
    findings_.header.channels = channels;
    findings_.header.has_alpha = colour_type >= 4;
  }

  // Takes the chunk at pos_; false at the end of the walk.
  bool Step() {
    const std::uint64_t length = reader_.Uint(pos_, 4).value_or(kMaxChunkBytes + 1);
    const std::uint64_t type = reader_.Uint(pos_ + 4, 4).value_or(0);
    if (length > kMaxChunkBytes || !reader_.Holds(pos_ + 8, length + 4)) {
      return Corrupt("the PNG file ends before its end chunk, or a chunk is broken");
    }
    const std::span<const std::uint8_t> body = encoded_.subspan(pos_ + 8, length);
    pos_ += 12 + length;
    if (!Count(type, length)) return false;
    if (type == Type("IEND")) return length == 0 ? false : Corrupt("the PNG file's end chunk is not empty");
    if (type == Type("acTL")) Complain(&findings_.further_frame, "the PNG file is animated");
    if (type == Type("tRNS")) findings_.header.has_alpha = true;
    if (type == Type("eXIf")) findings_.header.exif_orientation = ExifOrientation(body);
    return true;
  }

  bool Count(std::uint64_t type, std::uint64_t length) {
    if (type != Type("IDAT") || length < kWeightyChunkBytes) ++chunks_;
    if (IsAncillary(type)) ancillary_bytes_ += length;
    if (chunks_ > static_cast<std::uint64_t>(limits_.max_png_chunks)) {
      Complain(&findings_.exceeded_limit,
               absl::StrCat("the PNG file has more than ", limits_.max_png_chunks, " chunks"));
    } else if (ancillary_bytes_ > limits_.max_ancillary_bytes) {
      Complain(&findings_.exceeded_limit, absl::StrCat("the PNG file carries more than ", limits_.max_ancillary_bytes,
                                                       " bytes that are not picture data"));
    }
    return findings_.exceeded_limit.empty();
  }

  std::span<const std::uint8_t> encoded_;
  ByteReader reader_;
  const ImageLimits& limits_;
  HeaderFindings findings_;
  std::size_t pos_ = kSignatureBytes;
  std::uint64_t chunks_ = 0;
  std::uint64_t ancillary_bytes_ = 0;
};

}  // namespace

HeaderFindings ScanPng(std::span<const std::uint8_t> encoded, const ImageLimits& limits) {
  return PngScan(encoded, limits).Run();
}

}  // namespace lqvg
