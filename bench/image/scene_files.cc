#include "bench/image/scene_files.h"

#include <sys/mman.h>
#include <tiffio.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>  // jpeglib.h needs FILE
#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "image/png_writer.h"
#include "train/scenes/layout.h"
#include "train/scenes/painter.h"

extern "C" {
#include <jpeglib.h>
}

namespace lqvg::bench {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t kSeed = 7;
constexpr int kJpegQuality = 90;
constexpr int kRowsPerStrip = 16;

std::uint8_t* Row(const Image& image, int y) {
  // The codecs have no const rows; they only read them.
  return const_cast<std::uint8_t*>(&image.rgb[static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) * 3]);
}

// libjpeg ends the process when it fails, which it does not for a picture in memory.
Bytes EncodeJpeg(const Image& image, bool is_progressive) {
  jpeg_compress_struct codec = {};
  jpeg_error_mgr errors = {};
  codec.err = jpeg_std_error(&errors);
  jpeg_create_compress(&codec);
  unsigned char* file = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&codec, &file, &size);
  codec.image_width = static_cast<JDIMENSION>(image.width);
  codec.image_height = static_cast<JDIMENSION>(image.height);
  codec.input_components = 3;
  codec.in_color_space = JCS_RGB;
  jpeg_set_defaults(&codec);
  jpeg_set_quality(&codec, kJpegQuality, TRUE);
  if (is_progressive) jpeg_simple_progression(&codec);
  jpeg_start_compress(&codec, TRUE);
  for (int y = 0; y < image.height; ++y) {
    JSAMPROW row = Row(image, y);
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  jpeg_destroy_compress(&codec);
  Bytes bytes(file, file + size);
  std::free(file);
  return bytes;
}

bool WriteTiff(TIFF* tiff, const Image& image, int compression) {
  bool ok = TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, image.width) != 0 &&
            TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, image.height) != 0 &&
            TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8) != 0 && TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 3) != 0 &&
            TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_RGB) != 0 &&
            TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) != 0 &&
            TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, kRowsPerStrip) != 0 &&
            TIFFSetField(tiff, TIFFTAG_COMPRESSION, compression) != 0;
  for (int y = 0; ok && y < image.height; ++y) {
    ok = TIFFWriteScanline(tiff, Row(image, y), static_cast<std::uint32_t>(y), 0) == 1;
  }
  return ok;
}

// Empty when libtiff fails. It writes to descriptors only: to one of memory.
Bytes EncodeTiff(const Image& image, int compression) {
  const int file = memfd_create("tiff", 0);
  TIFF* const tiff = TIFFFdOpen(dup(file), "memory", "w");
  bool ok = tiff != nullptr;
  if (ok) {
    ok = WriteTiff(tiff, image, compression);
    TIFFClose(tiff);  // writes the directory, and closes its copy of the descriptor
  }
  Bytes bytes(ok ? static_cast<std::size_t>(lseek(file, 0, SEEK_END)) : 0);
  if (pread(file, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) bytes.clear();
  close(file);
  return bytes;
}

}  // namespace

Image PaintScene(int width, int height) {
  scenes::LayoutOptions options;
  options.width = width;
  options.height = height;
  return scenes::Paint(scenes::LayOut(kSeed, options));
}

absl::StatusOr<std::vector<SceneFile>> EncodeScene(const Image& image) {
  absl::StatusOr<Bytes> png = EncodePng(image);
  if (!png.ok()) return png.status();
  std::vector<SceneFile> files;
  files.push_back({"jpeg_baseline", EncodeJpeg(image, false)});
  files.push_back({"jpeg_progressive", EncodeJpeg(image, true)});
  files.push_back({"png", *std::move(png)});
  files.push_back({"tiff_uncompressed", EncodeTiff(image, COMPRESSION_NONE)});
  files.push_back({"tiff_lzw", EncodeTiff(image, COMPRESSION_LZW)});
  files.push_back({"tiff_deflate", EncodeTiff(image, COMPRESSION_ADOBE_DEFLATE)});
  for (const SceneFile& file : files) {
    if (file.bytes.empty()) return absl::InternalError("the picture of a scene could not be written as " + file.format);
  }
  return files;
}

}  // namespace lqvg::bench
