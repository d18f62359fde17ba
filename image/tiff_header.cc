#include "image/tiff_header.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "image/exif.h"
#include "image/jpeg_header.h"
#include "image/tiff_directory.h"

namespace lqvg {
namespace {

enum Tag : int {
  kNewSubfileType = 254,
  kImageWidth = 256,
  kImageLength = 257,
  kBitsPerSample = 258,
  kCompression = 259,
  kPhotometric = 262,
  kStripOffsets = 273,
  kSamplesPerPixel = 277,
  kRowsPerStrip = 278,
  kStripByteCounts = 279,
  kPlanarConfiguration = 284,
  kPredictor = 317,
  kTileWidth = 322,
  kTileLength = 323,
  kTileOffsets = 324,
  kTileByteCounts = 325,
  kInkSet = 332,
  kExtraSamples = 338,
  kSampleFormat = 339,
};

constexpr std::uint64_t kMax32 = 0xFFFFFFFF;
constexpr std::size_t kMaxDirectories = 64;
constexpr std::uint64_t kReducedVersionOrMask = 1 | 4;  // bits of NewSubfileType

// Of a tag's values libtiff holds two copies while it reads them, each up to twice as wide as in the file.
constexpr std::uint64_t kCopiesOfValues = 4;
// Of a block's offset and size: 8 bytes each, and a second time while libtiff reads them.
constexpr std::uint64_t kBytesPerBlock = 32;

// None, LZW, JPEG, Deflate (both numbers) and PackBits.
bool IsSupportedCompression(std::uint64_t compression) {
  return compression == kTiffUncompressed || compression == 5 || compression == kTiffJpegCompression ||
         compression == 8 || compression == 32946 || compression == 32773;
}

// Colour samples of a photometric interpretation; 0 for one that is not supported.
std::uint32_t ColourSamples(std::uint32_t photometric) {
  constexpr std::uint32_t kSamples[] = {1, 1, 3, 1, 0, 4, 3};
  return photometric < std::size(kSamples) ? kSamples[photometric] : 0;
}

class TiffScan {
 public:
  TiffScan(std::span<const std::uint8_t> encoded, const ImageLimits& limits) : encoded_(encoded), limits_(limits) {
    common_.header.format = ImageFormat::kTiff;
  }

  TiffFindings Run() {
    const std::optional<TiffStructure> structure = ReadTiffStructure(encoded_);
    std::optional<TiffDirectory> directory;
    if (structure) directory = TiffDirectory::Read(*structure, structure->first_directory);
    if (!directory) {
      Complain(&common_.corruption, "the TIFF file's directory is missing, broken or too long");
      return findings_;
    }
    if (ReadSize(*directory)) {
      ReadPixelFormat(*directory);
      CheckTags(*directory);
      // Only a size that passes may be multiplied.
      if (CheckImageSize(common_.width, common_.height, limits_).ok() && ReadBlockShape(*directory)) {
        CheckBlocks(*directory);
      }
    }
    common_.header.exif_orientation = OrientationOf(*directory);
    WalkFurtherDirectories(*structure, *directory);
    return findings_;
  }

 private:
  bool Corrupt(const char* complaint) {
    Complain(&common_.corruption, complaint);
    return false;
  }

  bool ReadSize(const TiffDirectory& directory) {
    const std::optional<std::uint64_t> width = directory.Value(kImageWidth);
    const std::optional<std::uint64_t> height = directory.Value(kImageLength);
    if (!width || !height || *width > kMax32 || *height > kMax32) return Corrupt("the TIFF file does not say its size");
    common_.size_known = true;
    common_.width = *width;
    common_.height = *height;
    layout_.width = static_cast<std::uint32_t>(*width);
    layout_.height = static_cast<std::uint32_t>(*height);
    return true;
  }

  // A tag's first value, where values beyond 32 bits are as good as any other nonsense.
  static std::uint32_t Small(const TiffDirectory& directory, int tag, std::uint32_t fallback) {
    return static_cast<std::uint32_t>(std::min(directory.Value(tag).value_or(fallback), kMax32));
  }

  void ReadPixelFormat(const TiffDirectory& directory) {
    layout_.bits = Small(directory, kBitsPerSample, 1);
    layout_.samples = Small(directory, kSamplesPerPixel, 1);
    layout_.photometric = Small(directory, kPhotometric, 0);
    layout_.compression = Small(directory, kCompression, 1);
    layout_.separate_planes = layout_.samples > 1 && Small(directory, kPlanarConfiguration, 1) == kTiffSeparatePlanes;
    const std::uint32_t colours = ColourSamples(layout_.photometric);
    const std::optional<std::uint64_t> extra = directory.Value(kExtraSamples);
    layout_.premultiplied = layout_.photometric == kTiffRgb && extra == 1u;
    common_.header.channels = static_cast<int>(std::min(layout_.samples, 5u));
    common_.header.is_cmyk = layout_.photometric == kTiffSeparated;
    // An extra sample that is declared but not as alpha (0) is another band, such as near infrared.
    common_.header.has_alpha = layout_.samples == colours + 1 && extra != 0u;
    RefusePixelFormat(directory, colours);
  }

  void RefusePixelFormat(const TiffDirectory& directory, std::uint32_t colours) {
    std::string* complaint = &common_.unsupported_pixels;
    for (std::uint32_t i = 0; i < std::min(layout_.samples, 4u); ++i) {
      if (directory.Value(kBitsPerSample, i).value_or(layout_.bits) != layout_.bits) {
        Complain(complaint, "the TIFF file's samples differ in their bits");
      }
      if (const std::uint64_t format = directory.Value(kSampleFormat, i).value_or(1); format != 1) {
        Complain(complaint,
                 absl::StrCat("the TIFF file has samples of format ", format, ", not unsigned integers (1)"));
      }
    }
    const bool sub_byte = layout_.bits == 1 || layout_.bits == 2 || layout_.bits == 4;
    if (layout_.bits != 8 && !(sub_byte && colours == 1 && layout_.samples == 1)) {
      Complain(complaint, absl::StrCat("the TIFF file has ", layout_.bits, " bits per sample, not 8"));
    }
    if (colours == 0) {
      Complain(complaint,
               absl::StrCat("the TIFF file's photometric interpretation ", layout_.photometric, " is not supported"));
    }
    const std::uint32_t most = colours == 4 || layout_.photometric == kTiffYCbCr ? colours : colours + 1;
    if (layout_.samples < colours || layout_.samples > most) {
      Complain(complaint, absl::StrCat("the TIFF file has ", layout_.samples, " samples per pixel, ", colours, " to ",
                                       most, " fit its photometric interpretation"));
    }
    if (!IsSupportedCompression(layout_.compression)) {
      Complain(complaint, absl::StrCat("the TIFF file's compression ", layout_.compression, " is not supported"));
    }
    const bool jpeg = layout_.compression == kTiffJpegCompression;
    if (layout_.photometric == kTiffYCbCr && (!jpeg || layout_.separate_planes)) {
      Complain(complaint, "YCbCr in a TIFF file is supported with JPEG compression in one plane only");
    }
    if (layout_.photometric == kTiffSeparated && directory.Value(kInkSet).value_or(1) != 1) {
      Complain(complaint, "the TIFF file's inks are not CMYK");
    }
    if (!jpeg && directory.Value(kPredictor).value_or(1) > 2) {
      Complain(complaint, "the TIFF file's predictor is not supported");
    }
  }

  // libtiff reads every tag, also those that it does not know.
  void CheckTags(const TiffDirectory& directory) {
    const std::uint64_t bytes = directory.ValueBytes();
    if (bytes > limits_.max_ancillary_bytes) {
      Complain(&common_.exceeded_limit, absl::StrCat("the TIFF file's tags have values of ", bytes,
                                                     " bytes, the limit is ", limits_.max_ancillary_bytes));
    }
    common_.copied_bytes = kCopiesOfValues * bytes;
  }

  bool ReadBlockShape(const TiffDirectory& directory) {
    layout_.tiled = directory.Find(kTileWidth).has_value();
    if (layout_.tiled) {
      layout_.block_width = Small(directory, kTileWidth, 0);
      layout_.block_height = Small(directory, kTileLength, 0);
    } else {
      layout_.block_width = layout_.width;
      layout_.block_height = std::min(Small(directory, kRowsPerStrip, layout_.height), layout_.height);
    }
    if (layout_.block_width == 0 || layout_.block_height == 0) return Corrupt("the TIFF file's blocks have no size");
    // Strips are within the picture, whose sides passed. Tiles may reach beyond it.
    const auto max_side = static_cast<std::uint32_t>(limits_.max_side);
    if (std::max(layout_.block_width, layout_.block_height) > max_side) {
      Complain(&common_.exceeded_limit,
               absl::StrCat("the TIFF file's tiles are ", layout_.block_width, " x ", layout_.block_height,
                            " pixels, the limit of a side is ", max_side));
      return false;
    }
    // `samples` is not judged yet, so it must not be multiplied unless it is small.
    if (layout_.samples > 4 || layout_.bits > 8) return false;
    common_.codec_bytes = layout_.BlockBytes() * layout_.Planes();
    common_.columns = layout_.block_width;
    return true;
  }

  // Every block lies in the file, and no byte of the file is decoded twice.
  void CheckBlocks(const TiffDirectory& directory) {
    const std::uint64_t blocks = layout_.BlocksPerPlane() * layout_.Planes();
    if (blocks > static_cast<std::uint64_t>(limits_.max_tiff_strips)) {
      Complain(&common_.exceeded_limit,
               absl::StrCat("the TIFF file has ", blocks, " strips or tiles, the limit is ", limits_.max_tiff_strips));
      return;
    }
    const auto offsets = directory.Find(layout_.tiled ? kTileOffsets : kStripOffsets);
    const auto sizes = directory.Find(layout_.tiled ? kTileByteCounts : kStripByteCounts);
    if (!offsets || !sizes || offsets->count != blocks || sizes->count != blocks) {
      Corrupt("the TIFF file does not say where each strip or tile is");
      return;
    }
    const ByteReader reader(encoded_, std::endian::little);
    std::uint64_t sum = 0;
    std::uint64_t largest = 0;
    for (std::uint64_t i = 0; i < blocks; ++i) {
      const std::uint64_t offset = directory.ValueAt(*offsets, i).value_or(0);
      const std::uint64_t size = directory.ValueAt(*sizes, i).value_or(0);
      sum += size;
      largest = std::max(largest, size);
      if (size == 0 || !reader.Holds(offset, size) || sum > encoded_.size()) {
        Corrupt("a strip or tile of the TIFF file is empty, cut off, or shares its bytes with others");
        return;
      }
      // libtiff would read on where an uncompressed strip is said to end.
      if (layout_.compression == kTiffUncompressed && size < StoredBytes(i % layout_.BlocksPerPlane())) {
        Corrupt("a strip or tile of the TIFF file is shorter than its pixels");
        return;
      }
      if (layout_.compression == kTiffJpegCompression && !CheckJpegBlock(encoded_.subspan(offset, size))) return;
    }
    // A block whose bits run the other way is turned in a copy.
    common_.copied_bytes += kBytesPerBlock * blocks + largest;
  }

  std::uint64_t StoredBytes(std::uint64_t block) const {
    return layout_.tiled ? layout_.BlockBytes() : layout_.RowBytes() * layout_.RowsOf(block);
  }

  // A JPEG inside a strip or tile could hide all that a JPEG file could.
  bool CheckJpegBlock(std::span<const std::uint8_t> block) {
    HeaderFindings jpeg = ScanJpeg(block, limits_);
    if (jpeg.codec_bytes > 0) Complain(&jpeg.unsupported_pixels, "JPEG inside a TIFF file may have one scan only");
    if (jpeg.width > layout_.block_width || jpeg.height > layout_.block_height) {
      Complain(&jpeg.corruption, "a JPEG block of the TIFF file is larger than it should be");
    }
    if (!jpeg.unsupported_pixels.empty()) Complain(&common_.unsupported_pixels, jpeg.unsupported_pixels);
    if (!jpeg.exceeded_limit.empty()) Complain(&common_.exceeded_limit, jpeg.exceeded_limit);
    if (!jpeg.corruption.empty()) Complain(&common_.corruption, jpeg.corruption);
    return jpeg.unsupported_pixels.empty() && jpeg.exceeded_limit.empty() && jpeg.corruption.empty();
  }

  void WalkFurtherDirectories(const TiffStructure& structure, const TiffDirectory& first) {
    std::vector<std::uint64_t> seen = {structure.first_directory};
    for (std::uint64_t offset = first.next_offset(); offset != 0;) {
      if (std::find(seen.begin(), seen.end(), offset) != seen.end()) {
        Corrupt("the TIFF file's directories form a loop");
        return;
      }
      seen.push_back(offset);
      if (seen.size() > kMaxDirectories) {
        Complain(&common_.exceeded_limit,
                 absl::StrCat("the TIFF file has more than ", kMaxDirectories, " directories"));
        return;
      }
      const std::optional<TiffDirectory> directory = TiffDirectory::Read(structure, offset);
      if (!directory) {
        Corrupt("a further directory of the TIFF file is broken");
        return;
      }
      if ((directory->Value(kNewSubfileType).value_or(0) & kReducedVersionOrMask) == 0) {
        Complain(&common_.further_frame, "the TIFF file has more than one page");
        return;
      }
      offset = directory->next_offset();
    }
  }

  std::span<const std::uint8_t> encoded_;
  const ImageLimits& limits_;
  TiffFindings findings_;
  HeaderFindings& common_ = findings_.common;
  TiffLayout& layout_ = findings_.layout;
};

}  // namespace

std::uint64_t MaxTiffCopies(std::uint64_t encoded_bytes, const ImageLimits& limits) {
  return kCopiesOfValues * limits.max_ancillary_bytes +
         kBytesPerBlock * static_cast<std::uint64_t>(limits.max_tiff_strips) + encoded_bytes;
}

TiffFindings ScanTiff(std::span<const std::uint8_t> encoded, const ImageLimits& limits) {
  return TiffScan(encoded, limits).Run();
}

}  // namespace lqvg
