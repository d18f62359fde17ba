#include "image/file_magic.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace lqvg {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  const char* name;
};

// The first match counts, so longer magics stand before shorter ones that they begin with.
constexpr Magic kForeignMagics[] = {
    {0, "GIF8"sv, "GIF"},
    {8, "WEBP"sv, "WebP"},
    {0, "BM"sv, "BMP"},
    {4, "jP  \r\n\x87\n"sv, "JPEG 2000"},
    {0, "\xFF\x4F\xFF\x51"sv, "JPEG 2000"},
    {4, "JXL \r\n\x87\n"sv, "JPEG XL"},
    {0, "\xFF\x0A"sv, "JPEG XL"},
    {4, "ftypavif"sv, "AVIF"},
    {4, "ftypavis"sv, "AVIF"},
    {4, "ftypheic"sv, "HEIF"},
    {4, "ftypheix"sv, "HEIF"},
    {4, "ftypmif1"sv, "HEIF"},
    {0, "%PDF"sv, "PDF"},
    {0, "<svg"sv, "SVG"},
    {0, "<?xml"sv, "SVG or other XML"},
    {0, "\x8AMNG"sv, "MNG"},
    {0, "\x76\x2F\x31\x01"sv, "OpenEXR"},
    {0, "#?RADIANCE"sv, "Radiance HDR"},
    {0, "8BPS"sv, "Photoshop"},
    {0, "NITF"sv, "NITF"},
    {0, "\x89HDF\r\n"sv, "HDF5"},
    {0, "CDF\x01"sv, "NetCDF"},
    {0, "CDF\x02"sv, "NetCDF"},
    {128, "DICM"sv, "DICOM"},
    {0, "\0\0\x01\0"sv, "ICO"},
    {0, "\x59\xA6\x6A\x95"sv, "Sun raster"},
    {0, "P1"sv, "Netpbm"},
    {0, "P2"sv, "Netpbm"},
    {0, "P3"sv, "Netpbm"},
    {0, "P4"sv, "Netpbm"},
    {0, "P5"sv, "Netpbm"},
    {0, "P6"sv, "Netpbm"},
    {0, "P7"sv, "Netpbm"},
    {0, "PK\x03\x04"sv, "ZIP"},
    {0, "\x1F\x8B"sv, "gzip"},
};

bool HasAt(std::span<const std::uint8_t> encoded, std::size_t offset, std::string_view magic) {
  if (encoded.size() < offset + magic.size()) return false;
  return std::equal(magic.begin(), magic.end(), encoded.begin() + static_cast<std::ptrdiff_t>(offset),
                    [](char wanted, std::uint8_t found) { return static_cast<std::uint8_t>(wanted) == found; });
}

}  // namespace

std::optional<ImageFormat> DetectFormat(std::span<const std::uint8_t> encoded) {
  if (HasAt(encoded, 0, "\xFF\xD8\xFF"sv)) return ImageFormat::kJpeg;
  if (HasAt(encoded, 0, "\x89PNG\r\n\x1A\n"sv)) return ImageFormat::kPng;
  for (const std::string_view magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv}) {
    if (HasAt(encoded, 0, magic)) return ImageFormat::kTiff;
  }
  return std::nullopt;
}

const char* ForeignFormatName(std::span<const std::uint8_t> encoded) {
  for (const Magic& magic : kForeignMagics) {
    if (HasAt(encoded, magic.offset, magic.bytes)) return magic.name;
  }
  return "an unknown format";
}

}  // namespace lqvg
