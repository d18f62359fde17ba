#include "image/jpeg_header.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "image/byte_reader.h"
#include "image/exif.h"

namespace lqvg {
namespace {

// Second bytes of markers; the first is always 0xFF.
enum Marker : int {
  kTem = 0x01,
  kSof0 = 0xC0,
  kSof2 = 0xC2,
  kDht = 0xC4,
  kJpg = 0xC8,
  kDac = 0xCC,
  kSof15 = 0xCF,
  kRst0 = 0xD0,
  kRst7 = 0xD7,
  kSoi = 0xD8,
  kEoi = 0xD9,
  kSos = 0xDA,
  kDqt = 0xDB,
  kDnl = 0xDC,
  kDri = 0xDD,
  kApp1 = 0xE1,
};

bool StandsAlone(int marker) { return marker == kTem || (marker >= kRst0 && marker <= kRst7); }

bool IsFrameHeader(int marker) {
  return marker >= kSof0 && marker <= kSof15 && marker != kDht && marker != kJpg && marker != kDac;
}

bool IsAncillary(int marker) {
  return !IsFrameHeader(marker) && marker != kDht && marker != kDqt && marker != kDri && marker != kDnl &&
         marker != kSos && marker != kDac;
}

std::uint64_t RoundUp(std::uint64_t value, std::uint64_t unit) { return (value + unit - 1) / unit * unit; }

class JpegScan {
 public:
  JpegScan(std::span<const std::uint8_t> encoded, const ImageLimits& limits)
      : encoded_(encoded), reader_(encoded, std::endian::big), limits_(limits) {
    findings_.header.format = ImageFormat::kJpeg;
  }

  HeaderFindings Run() {
    while (Step()) {
    }
    if (!findings_.size_known) Complain(&findings_.corruption, "the JPEG file has no frame header");
    return findings_;
  }

 private:
  // Takes the marker at pos_ and what belongs to it; false at the end of the walk.
  bool Step() {
    if (reader_.Uint(pos_, 1) != 0xFFu) return Corrupt("the JPEG file ends early or has bytes between its segments");
    while (reader_.Uint(pos_ + 1, 1) == 0xFFu) ++pos_;  // fill bytes
    const int marker = static_cast<int>(reader_.Uint(pos_ + 1, 1).value_or(0));
    pos_ += 2;
    if (marker == kEoi) {
      if (scans_ == 0) return Corrupt("the JPEG file has no scan");
      return false;
    }
    if (StandsAlone(marker)) return true;
    const std::uint64_t length = reader_.Uint(pos_, 2).value_or(0);
    if (marker == 0 || marker == kSoi || length < 2 || !reader_.Holds(pos_, length)) {
      return Corrupt("a segment of the JPEG file is broken or cut off");
    }
    const std::span<const std::uint8_t> body = encoded_.subspan(pos_ + 2, length - 2);
    pos_ += length;
    if (IsFrameHeader(marker)) return ReadFrameHeader(marker, body);
    if (marker == kSos) return ReadScan(body);
    if (marker == kApp1) ReadApp1(body);
    return !IsAncillary(marker) || CountAncillary(body.size());
  }

  bool Corrupt(const char* complaint) {
    Complain(&findings_.corruption, complaint);
    return false;
  }

  bool CountAncillary(std::size_t bytes) {
    ancillary_bytes_ += bytes;
    if (ancillary_bytes_ <= limits_.max_ancillary_bytes) return true;
    Complain(&findings_.exceeded_limit, absl::StrCat("the JPEG file carries more than ", limits_.max_ancillary_bytes,
                                                     " bytes that are not picture data"));
    return false;
  }

  void ReadApp1(std::span<const std::uint8_t> body) {
    constexpr std::uint8_t kExif[] = {'E', 'x', 'i', 'f', 0, 0};
    if (saw_exif_ || body.size() < sizeof(kExif) || !std::equal(std::begin(kExif), std::end(kExif), body.begin())) {
      return;
    }
    saw_exif_ = true;
    findings_.header.exif_orientation = ExifOrientation(body.subspan(sizeof(kExif)));
  }

  bool ReadFrameHeader(int marker, std::span<const std::uint8_t> body) {
    if (findings_.size_known) return Corrupt("the JPEG file has two frame headers");
    const ByteReader frame(body, std::endian::big);
    const std::uint64_t components = frame.Uint(5, 1).value_or(0);
    if (components == 0 || body.size() != 6 + 3 * components) return Corrupt("the JPEG frame header is broken");
    findings_.size_known = true;
    findings_.height = *frame.Uint(1, 2);
    findings_.width = *frame.Uint(3, 2);
    findings_.header.channels = static_cast<int>(components);
    findings_.header.is_cmyk = components == 4;
    const std::uint64_t bits = *frame.Uint(0, 1);
    if (marker > kSof2) {
      Complain(&findings_.unsupported_pixels, "lossless, hierarchical and arithmetic-coded JPEG are not supported");
    } else if (bits != 8) {
      Complain(&findings_.unsupported_pixels, absl::StrCat("the JPEG file has ", bits, " bits per sample, not 8"));
    } else if (components != 1 && components != 3 && components != 4) {
      Complain(&findings_.unsupported_pixels, absl::StrCat("the JPEG file has ", components, " components"));
    }
    components_ = components;
    progressive_ = marker == kSof2;
    return MeasureCoefficients(frame);
  }

  // What libjpeg holds of a picture that comes in several scans: every coefficient, 2 bytes each.
  bool MeasureCoefficients(const ByteReader& frame) {
    std::uint64_t widest = 1;
    std::uint64_t highest = 1;
    for (std::uint64_t i = 0; i < components_; ++i) {
      const std::uint64_t factors = *frame.Uint(7 + 3 * i, 1);
      if (factors >> 4 == 0 || factors >> 4 > 4 || (factors & 15) == 0 || (factors & 15) > 4) {
        return Corrupt("a sampling factor of the JPEG file is out of range");
      }
      widest = std::max(widest, factors >> 4);
      highest = std::max(highest, factors & 15);
    }
    for (std::uint64_t i = 0; i < components_; ++i) {
      const std::uint64_t factors = *frame.Uint(7 + 3 * i, 1);
      const std::uint64_t across = RoundUp(findings_.width, widest * 8) / (widest * 8) * (factors >> 4);
      const std::uint64_t down = RoundUp(findings_.height, highest * 8) / (highest * 8) * (factors & 15);
      coefficient_bytes_ += across * down * 64 * 2;
    }
    return true;
  }

  // Counts the scan whose header is `body`, then skips its entropy-coded data.
  bool ReadScan(std::span<const std::uint8_t> body) {
    if (!findings_.size_known || body.empty()) return Corrupt("the JPEG file has a scan before its frame header");
    if (progressive_ || body[0] < components_) findings_.codec_bytes = coefficient_bytes_;
    ++scans_;
    const std::uint64_t pixels = findings_.width * findings_.height;
    if (scans_ > static_cast<std::uint64_t>(limits_.max_jpeg_scans)) {
      Complain(&findings_.exceeded_limit,
               absl::StrCat("the JPEG file has more than ", limits_.max_jpeg_scans, " scans"));
      return false;
    }
    if (scans_ * pixels > limits_.max_jpeg_scan_pixels) {
      Complain(&findings_.exceeded_limit,
               absl::StrCat("the JPEG file has ", scans_, " scans or more of ", pixels, " pixels, the limit is ",
                            limits_.max_jpeg_scan_pixels, " pixels over all scans"));
      return false;
    }
    return SkipEntropyCodedData();
  }

  bool SkipEntropyCodedData() {
    while (pos_ < encoded_.size()) {
      const void* found = std::memchr(encoded_.data() + pos_, 0xFF, encoded_.size() - pos_);
      if (found == nullptr) break;
      pos_ = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - encoded_.data());
      const std::optional<std::uint64_t> next = reader_.Uint(pos_ + 1, 1);
      if (!next) break;
      const bool belongs_to_data = *next == 0 || (*next >= kRst0 && *next <= kRst7);
      if (!belongs_to_data && *next != 0xFFu) return true;
      pos_ += belongs_to_data ? 2 : 1;
    }
    return Corrupt("the JPEG file ends before its end marker");
  }

  std::span<const std::uint8_t> encoded_;
  ByteReader reader_;
  const ImageLimits& limits_;
  HeaderFindings findings_;
  std::size_t pos_ = 2;  // after the start marker
  std::uint64_t components_ = 0;
  bool progressive_ = false;
  bool saw_exif_ = false;
  std::uint64_t scans_ = 0;
  std::uint64_t ancillary_bytes_ = 0;
  std::uint64_t coefficient_bytes_ = 0;
};

}  // namespace

HeaderFindings ScanJpeg(std::span<const std::uint8_t> encoded, const ImageLimits& limits) {
  return JpegScan(encoded, limits).Run();
}

}  // namespace lqvg
