// Builds small PNG, JPEG and TIFF files byte by byte, so that a test can say exactly what is wrong with one.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/read_file.h"

namespace lqvg {

using Bytes = std::vector<std::uint8_t>;

inline const std::string kFixtures = LQVG_SOURCE_DIR "/tests/image/fixtures/";

inline Bytes Fixture(const std::string& file) { return ReadFile(kFixtures + file); }

// Byte by byte: g++ 12 takes an insertion behind a list of known length for an overflow.
inline void Append(Bytes* to, const Bytes& bytes) {
  for (const std::uint8_t byte : bytes) to->push_back(byte);
}

// `value` in `width` bytes.
inline Bytes BigEndian(std::uint64_t value, int width) {
  Bytes bytes;
  for (int i = width - 1; i >= 0; --i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  return bytes;
}

inline Bytes LittleEndian(std::uint64_t value, int width) {
  const Bytes bytes = BigEndian(value, width);
  return {bytes.rbegin(), bytes.rend()};
}

// --- PNG ---

inline Bytes PngChunk(const std::string& type, const Bytes& body) {
  Bytes checked(type.begin(), type.end());
  Append(&checked, body);
  Bytes chunk = BigEndian(body.size(), 4);
  Append(&chunk, checked);
  Append(&chunk, BigEndian(crc32(0, checked.data(), static_cast<uInt>(checked.size())), 4));
  return chunk;
}

struct PngRecipe {
  std::uint32_t width = 32;
  std::uint32_t height = 32;
  int bits = 8;
  int colour_type = 0;     // grey
  Bytes before_data = {};  // whole chunks
  Bytes after_data = {};   // whole chunks
};

inline Bytes PngHeaderBody(const PngRecipe& recipe) {
  Bytes body = BigEndian(recipe.width, 4);
  Append(&body, BigEndian(recipe.height, 4));
  Append(&body, {static_cast<std::uint8_t>(recipe.bits), static_cast<std::uint8_t>(recipe.colour_type), 0, 0, 0});
  return body;
}

// The rows of an all-black picture, compressed.
inline Bytes PngBlackData(const PngRecipe& recipe) {
  const std::size_t channels[] = {1, 0, 3, 1, 2, 0, 4};
  const std::size_t row_bits = std::size_t{recipe.width} * recipe.bits * channels[recipe.colour_type];
  const Bytes rows(((row_bits + 7) / 8 + 1) * recipe.height, 0);
  uLongf size = compressBound(static_cast<uLong>(rows.size()));
  Bytes data(size);
  compress2(data.data(), &size, rows.data(), static_cast<uLong>(rows.size()), Z_BEST_COMPRESSION);
  data.resize(size);
  return data;
}

inline Bytes PngSignature() { return {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'}; }

inline Bytes PngFile(const PngRecipe& recipe) {
  Bytes file = PngSignature();
  Append(&file, PngChunk("IHDR", PngHeaderBody(recipe)));
  Append(&file, recipe.before_data);
  Append(&file, PngChunk("IDAT", PngBlackData(recipe)));
  Append(&file, recipe.after_data);
  Append(&file, PngChunk("IEND", {}));
  return file;
}

// --- JPEG ---

inline Bytes JpegSegment(std::uint8_t marker, const Bytes& body) {
  Bytes segment = {0xFF, marker};
  Append(&segment, BigEndian(body.size() + 2, 2));
  Append(&segment, body);
  return segment;
}

// `file` with `bytes` inserted behind its start marker.
inline Bytes WithFirstSegment(Bytes file, const Bytes& bytes) {
  file.insert(file.begin() + 2, bytes.begin(), bytes.end());
  return file;
}

// Where the first segment with `marker` begins.
inline std::size_t FindMarker(const Bytes& file, std::uint8_t marker) {
  std::size_t pos = 2;
  while (file.at(pos + 1) != marker) pos += 2u + file.at(pos + 2) * 256u + file.at(pos + 3);
  return pos;
}

// --- TIFF ---

struct TiffRecipe {
  // Tags and their values, all written as LONG. The defaults: 32 x 32 grey pixels in one strip.
  std::map<int, std::vector<std::uint32_t>> tags = {{256, {32}}, {257, {32}}, {258, {8}},  {259, {1}},   {262, {1}},
                                                    {273, {8}},  {277, {1}},  {278, {32}}, {279, {1024}}};
  Bytes data = Bytes(1024, 0x55);    // from offset 8 on
  std::uint32_t next_directory = 0;  // of the first directory; kOwnOffset: itself
};

inline constexpr std::uint32_t kOwnOffset = 0xFFFFFFFF;

// Appends a directory to `file` and returns where it begins.
inline std::uint32_t AppendTiffDirectory(const TiffRecipe& recipe, Bytes* file) {
  Bytes entries;
  for (const auto& [tag, values] : recipe.tags) {
    Append(&entries, LittleEndian(static_cast<std::uint64_t>(tag), 2));
    Append(&entries, LittleEndian(4, 2));
    Append(&entries, LittleEndian(values.size(), 4));
    if (values.size() > 1) {
      Append(&entries, LittleEndian(file->size(), 4));
      for (const std::uint32_t value : values) Append(file, LittleEndian(value, 4));
    } else {
      Append(&entries, LittleEndian(values.at(0), 4));
    }
  }
  const auto offset = static_cast<std::uint32_t>(file->size());
  Append(file, LittleEndian(recipe.tags.size(), 2));
  Append(file, entries);
  Append(file, LittleEndian(recipe.next_directory == kOwnOffset ? offset : recipe.next_directory, 4));
  return offset;
}

inline Bytes TiffFile(const TiffRecipe& recipe) {
  Bytes file = {'I', 'I', 42, 0, 0, 0, 0, 0};
  Append(&file, recipe.data);
  const Bytes first = LittleEndian(AppendTiffDirectory(recipe, &file), 4);
  std::copy(first.begin(), first.end(), file.begin() + 4);
  return file;
}

// A file whose first directory is `first`'s and whose second one is `second`'s.
inline Bytes TiffFileOfTwo(TiffRecipe first, const TiffRecipe& second) {
  Bytes file = {'I', 'I', 42, 0, 0, 0, 0, 0};
  Append(&file, first.data);
  first.next_directory = AppendTiffDirectory(second, &file);
  const Bytes offset = LittleEndian(AppendTiffDirectory(first, &file), 4);
  std::copy(offset.begin(), offset.end(), file.begin() + 4);
  return file;
}

}  // namespace lqvg
