// Reads the directories ("IFDs") of a TIFF file or of an EXIF block, classic and BigTIFF, in both byte orders.
//
// Borrows the file's bytes; keeps no copy of entries, so that a directory of any length costs no memory. Every offset
// and count is checked before it is followed. Thread-safe: nothing changes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "image/byte_reader.h"

namespace lqvg {

// The file's first bytes, understood.
struct TiffStructure {
  ByteReader reader;
  bool big = false;  // BigTIFF: offsets and counts of 8 bytes
  std::uint64_t first_directory = 0;
};

// Nothing when the bytes do not begin as a TIFF file does.
std::optional<TiffStructure> ReadTiffStructure(std::span<const std::uint8_t> bytes);

// A tag's values: `count` integers of `width` bytes from `offset` on.
struct TiffEntry {
  int width = 0;  // bytes of a value; 0 for a type that is not an unsigned integer
  std::uint64_t count = 0;
  std::uint64_t offset = 0;
};

class TiffDirectory {
 public:
  // Nothing when the directory reaches beyond the end of the file or has more than 65,535 entries.
  static std::optional<TiffDirectory> Read(const TiffStructure& structure, std::uint64_t offset);

  // The first entry with `tag` whose values all lie inside the file.
  std::optional<TiffEntry> Find(int tag) const;

  // The `index`th value of `entry`.
  std::optional<std::uint64_t> ValueAt(const TiffEntry& entry, std::uint64_t index) const;

  // The `index`th value of `tag`; nothing if there is no such tag, or no such value, or it is not an unsigned integer.
  std::optional<std::uint64_t> Value(int tag, std::uint64_t index = 0) const;

  // What libtiff copies of the file when it reads this directory: the values of all its tags, known or not. A value
  // may lie anywhere in the file, and be shared by any number of tags.
  std::uint64_t ValueBytes() const;

  // Where the next directory begins; 0 after the last one.
  std::uint64_t next_offset() const { return next_offset_; }

 private:
  TiffDirectory(const TiffStructure& structure, std::uint64_t entries_offset, std::uint64_t entry_count)
      : structure_(structure), entries_offset_(entries_offset), entry_count_(entry_count) {}

  TiffStructure structure_;
  std::uint64_t entries_offset_;
  std::uint64_t entry_count_;
  std::uint64_t next_offset_ = 0;
};

}  // namespace lqvg
