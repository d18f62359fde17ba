#include "image/tiff_decoder.h"

#include <tiffio.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "image/tiff_pixels.h"

namespace lqvg {
namespace {

// libtiff's own needs beside a block: its codecs' state and tables.
constexpr std::uint64_t kWorkingBytes = 16u << 20;

// The file as libtiff sees it, and what libtiff had to say.
struct Session {
  std::span<const std::uint8_t> encoded;
  std::uint64_t pos = 0;
  bool reading_pixels = false;
  bool failed = false;
  char complaint[160] = "";
};

// libtiff is C: nothing below may throw.
int OnError(TIFF*, void* user, const char*, const char* format, va_list values) noexcept {
  auto* session = static_cast<Session*>(user);
  if (!session->failed) std::vsnprintf(session->complaint, sizeof(session->complaint), format, values);
  session->failed = true;
  return 1;  // handled: not printed
}

// While it reads the directory, libtiff warns of every tag that it does not know, as each GeoTIFF has; what it makes
// of the directory is compared with our own reading instead. While it reads pixels, a warning means wrong pixels.
int OnWarning(TIFF* tiff, void* user, const char* module, const char* format, va_list values) noexcept {
  if (static_cast<Session*>(user)->reading_pixels) OnError(tiff, user, module, format, values);
  return 1;
}

tmsize_t Read(thandle_t handle, void* out, tmsize_t count) noexcept {
  auto* session = static_cast<Session*>(handle);
  const std::uint64_t left = session->encoded.size() - std::min<std::uint64_t>(session->pos, session->encoded.size());
  const std::uint64_t taken = std::min(left, static_cast<std::uint64_t>(std::max<tmsize_t>(count, 0)));
  if (taken > 0) std::memcpy(out, session->encoded.data() + session->pos, taken);
  session->pos += taken;
  return static_cast<tmsize_t>(taken);
}

tmsize_t RefuseToWrite(thandle_t, void*, tmsize_t) noexcept { return -1; }

toff_t Seek(thandle_t handle, toff_t offset, int whence) noexcept {
  auto* session = static_cast<Session*>(handle);
  const std::uint64_t base = whence == SEEK_CUR ? session->pos : whence == SEEK_END ? session->encoded.size() : 0;
  return session->pos = base + offset;
}

int Close(thandle_t) noexcept { return 0; }

toff_t Size(thandle_t handle) noexcept { return static_cast<Session*>(handle)->encoded.size(); }

// Lets libtiff decode straight from our bytes. It never writes to a map opened for reading.
int Map(thandle_t handle, void** base, toff_t* size) noexcept {
  auto* session = static_cast<Session*>(handle);
  *base = const_cast<std::uint8_t*>(session->encoded.data());
  *size = session->encoded.size();
  return 1;
}

void Unmap(thandle_t, void*, toff_t) noexcept {}

using TiffHandle = std::unique_ptr<TIFF, decltype(&TIFFClose)>;

TiffHandle Open(Session* session, std::uint64_t max_single_allocation) {
  const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(TIFFOpenOptionsAlloc(),
                                                                                 TIFFOpenOptionsFree);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), static_cast<tmsize_t>(max_single_allocation));
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), OnError, session);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), OnWarning, session);
  // "c": a strip stays a strip. libtiff would otherwise cut uncompressed ones up and report another layout.
  return TiffHandle(
      TIFFClientOpenExt("image", "rc", session, Read, RefuseToWrite, Seek, Close, Size, Map, Unmap, options.get()),
      TIFFClose);
}

template <typename Value>
std::uint32_t Field(TIFF* tiff, std::uint32_t tag) {
  Value value = 0;
  TIFFGetFieldDefaulted(tiff, tag, &value);
  return value;
}

TiffLayout LayoutOf(TIFF* tiff) {
  TiffLayout layout;
  layout.width = Field<std::uint32_t>(tiff, TIFFTAG_IMAGEWIDTH);
  layout.height = Field<std::uint32_t>(tiff, TIFFTAG_IMAGELENGTH);
  layout.bits = Field<std::uint16_t>(tiff, TIFFTAG_BITSPERSAMPLE);
  layout.samples = Field<std::uint16_t>(tiff, TIFFTAG_SAMPLESPERPIXEL);
  layout.photometric = Field<std::uint16_t>(tiff, TIFFTAG_PHOTOMETRIC);
  layout.compression = Field<std::uint16_t>(tiff, TIFFTAG_COMPRESSION);
  layout.separate_planes =
      layout.samples > 1 && Field<std::uint16_t>(tiff, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE;
  std::uint16_t extra_count = 0;
  std::uint16_t* extra = nullptr;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extra_count, &extra);
  layout.premultiplied = layout.photometric == kTiffRgb && extra_count > 0 && extra[0] == EXTRASAMPLE_ASSOCALPHA;
  layout.tiled = TIFFIsTiled(tiff) != 0;
  if (layout.tiled) {
    layout.block_width = Field<std::uint32_t>(tiff, TIFFTAG_TILEWIDTH);
    layout.block_height = Field<std::uint32_t>(tiff, TIFFTAG_TILELENGTH);
  } else {
    layout.block_width = layout.width;
    layout.block_height = std::min(Field<std::uint32_t>(tiff, TIFFTAG_ROWSPERSTRIP), layout.height);
  }
  return layout;
}

// The palette in 8 bits; false when the file has none.
bool ReadPalette(TIFF* tiff, const TiffLayout& layout, TiffPalette* palette) {
  if (layout.photometric != kTiffPalette) return true;
  std::uint16_t* channels[3] = {};
  if (TIFFGetField(tiff, TIFFTAG_COLORMAP, &channels[0], &channels[1], &channels[2]) != 1) return false;
  for (std::size_t i = 0; i < std::size_t{1} << layout.bits; ++i) {
    for (std::size_t c = 0; c < 3; ++c) (*palette)[i][c] = static_cast<std::uint8_t>(channels[c][i] >> 8);
  }
  return true;
}

// Decodes one block of one plane into `out`, of which the last strip fills a part.
bool ReadBlock(TIFF* tiff, const TiffLayout& layout, std::uint32_t block, std::uint64_t rows, std::uint8_t* out) {
  const auto capacity = static_cast<tmsize_t>(layout.BlockBytes());
  if (layout.tiled) return TIFFReadEncodedTile(tiff, block, out, capacity) == capacity;
  const auto wanted = static_cast<tmsize_t>(layout.RowBytes() * rows);
  return TIFFReadEncodedStrip(tiff, block, out, wanted) == wanted;
}

// Block by block, so that beside the picture only one block of each plane is held.
bool ReadPixels(TIFF* tiff, const Session& session, const TiffLayout& layout, Image* image) {
  TiffPalette palette = {};
  if (!ReadPalette(tiff, layout, &palette)) return false;
  const auto planes = static_cast<std::uint32_t>(layout.Planes());
  const auto blocks = static_cast<std::uint32_t>(layout.BlocksPerPlane());
  const auto across = static_cast<std::uint32_t>(layout.BlocksAcross());
  const std::uint64_t block_bytes = layout.BlockBytes();
  std::vector<std::uint8_t> pixels(block_bytes * planes);
  TiffRowConverter converter(layout, palette);
  for (std::uint32_t block = 0; block < blocks; ++block) {
    const std::uint32_t left = block % across * layout.block_width;
    const std::uint32_t top = block / across * layout.block_height;
    const std::uint32_t columns = std::min(layout.block_width, layout.width - left);
    const std::uint64_t rows = layout.RowsOf(block);
    for (std::uint32_t plane = 0; plane < planes; ++plane) {
      if (!ReadBlock(tiff, layout, block + plane * blocks, rows, pixels.data() + plane * block_bytes)) return false;
      if (session.failed) return false;
    }
    for (std::uint64_t row = 0; row < rows; ++row) {
      const std::size_t out = ((top + row) * layout.width + left) * 3;
      converter.Convert(pixels.data() + row * layout.RowBytes(), block_bytes, columns, image->rgb.data() + out);
    }
  }
  return true;
}

}  // namespace

absl::StatusOr<Image> DecodeTiff(std::span<const std::uint8_t> encoded, const TiffLayout& layout,
                                 const ImageLimits& limits) {
  Session session;
  session.encoded = encoded;
  const TiffHandle tiff = Open(&session, limits.max_decoded_bytes + kWorkingBytes);
  if (tiff == nullptr || session.failed || LayoutOf(tiff.get()) != layout) {
    return RejectImage("IMAGE_CORRUPT", "the TIFF file's directory is broken");
  }
  Image image;
  image.width = static_cast<int>(layout.width);
  image.height = static_cast<int>(layout.height);
  image.rgb.resize(image.ByteCount());
  if (layout.photometric == kTiffYCbCr) TIFFSetField(tiff.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  session.reading_pixels = true;
  if (!ReadPixels(tiff.get(), session, layout, &image) || session.failed) {
    return RejectImage("IMAGE_CORRUPT", absl::StrCat("the TIFF data is broken: ", session.complaint));
  }
  return image;
}

}  // namespace lqvg
