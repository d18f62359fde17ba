#include "image/tiff_directory.h"

#include <algorithm>

namespace lqvg {
namespace {

constexpr std::uint64_t kMaxEntries = 65'535;  // all that a classic directory can count

// Sizes in bytes of what differs between classic TIFF and BigTIFF.
struct Widths {
  int entry_count;
  int entry;
  int offset;  // also of a value count
};

Widths WidthsOf(const TiffStructure& structure) { return structure.big ? Widths{8, 20, 8} : Widths{2, 12, 4}; }

// Bytes of an element of any TIFF type; 0 for an unknown one.
int ElementBytes(std::uint64_t type) {
  constexpr int kBytes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};
  return type < std::size(kBytes) ? kBytes[type] : 0;
}

bool IsUnsignedInteger(std::uint64_t type) {
  return type == 1 /* BYTE */ || type == 3 /* SHORT */ || type == 4 /* LONG */ || type == 16 /* LONG8 */;
}

}  // namespace

std::optional<TiffStructure> ReadTiffStructure(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 8 || bytes[0] != bytes[1] || (bytes[0] != 'I' && bytes[0] != 'M')) return std::nullopt;
  TiffStructure structure{ByteReader(bytes, bytes[0] == 'M' ? std::endian::big : std::endian::little)};
  const std::uint64_t version = *structure.reader.Uint(2, 2);
  if (version == 42) {
    structure.first_directory = *structure.reader.Uint(4, 4);
    return structure;
  }
  const std::optional<std::uint64_t> first = structure.reader.Uint(8, 8);
  if (version != 43 || structure.reader.Uint(4, 4) != (bytes[0] == 'M' ? 0x00080000u : 8u) || !first) {
    return std::nullopt;
  }
  structure.big = true;
  structure.first_directory = *first;
  return structure;
}

std::optional<TiffDirectory> TiffDirectory::Read(const TiffStructure& structure, std::uint64_t offset) {
  const Widths widths = WidthsOf(structure);
  const std::optional<std::uint64_t> count = structure.reader.Uint(offset, widths.entry_count);
  if (!count || *count == 0 || *count > kMaxEntries) return std::nullopt;
  const std::uint64_t entries_offset = offset + static_cast<std::uint64_t>(widths.entry_count);
  const std::uint64_t entries_bytes = *count * static_cast<std::uint64_t>(widths.entry);
  if (!structure.reader.Holds(entries_offset, entries_bytes)) return std::nullopt;
  TiffDirectory directory(structure, entries_offset, *count);
  const std::optional<std::uint64_t> next = structure.reader.Uint(entries_offset + entries_bytes, widths.offset);
  if (!next) return std::nullopt;
  directory.next_offset_ = *next;
  return directory;
}

std::optional<TiffEntry> TiffDirectory::Find(int tag) const {
  const Widths widths = WidthsOf(structure_);
  const ByteReader& reader = structure_.reader;
  for (std::uint64_t i = 0; i < entry_count_; ++i) {
    const std::uint64_t at = entries_offset_ + i * static_cast<std::uint64_t>(widths.entry);
    if (reader.Uint(at, 2) != static_cast<std::uint64_t>(tag)) continue;
    const std::uint64_t type = reader.Uint(at + 2, 2).value_or(0);
    const auto element_bytes = static_cast<std::uint64_t>(ElementBytes(type));
    TiffEntry entry;
    entry.count = reader.Uint(at + 4, widths.offset).value_or(0);
    entry.offset = at + 4 + static_cast<std::uint64_t>(widths.offset);
    if (element_bytes == 0 || entry.count == 0 || entry.count > reader.bytes().size()) return std::nullopt;
    // Values that do not fit into the entry lie where the entry points to.
    if (entry.count * element_bytes > static_cast<std::uint64_t>(widths.offset)) {
      entry.offset = reader.Uint(entry.offset, widths.offset).value_or(0);
    }
    if (!reader.Holds(entry.offset, entry.count * element_bytes)) return std::nullopt;
    entry.width = IsUnsignedInteger(type) ? static_cast<int>(element_bytes) : 0;
    return entry;
  }
  return std::nullopt;
}

std::uint64_t TiffDirectory::ValueBytes() const {
  const Widths widths = WidthsOf(structure_);
  const ByteReader& reader = structure_.reader;
  const std::uint64_t file_bytes = reader.bytes().size();
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < entry_count_; ++i) {
    const std::uint64_t at = entries_offset_ + i * static_cast<std::uint64_t>(widths.entry);
    const auto element_bytes = static_cast<std::uint64_t>(ElementBytes(reader.Uint(at + 2, 2).value_or(0)));
    const std::uint64_t count = std::min(reader.Uint(at + 4, widths.offset).value_or(0), file_bytes);
    sum += std::min(count * element_bytes, file_bytes);
  }
  return sum;
}

std::optional<std::uint64_t> TiffDirectory::ValueAt(const TiffEntry& entry, std::uint64_t index) const {
  if (entry.width == 0 || index >= entry.count) return std::nullopt;
  return structure_.reader.Uint(entry.offset + index * static_cast<std::uint64_t>(entry.width), entry.width);
}

std::optional<std::uint64_t> TiffDirectory::Value(int tag, std::uint64_t index) const {
  const std::optional<TiffEntry> entry = Find(tag);
  return entry ? ValueAt(*entry, index) : std::nullopt;
}

}  // namespace lqvg
