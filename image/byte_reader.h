// Unsigned integers at offsets of a byte string that nobody vouches for: every read is checked against its end.
//
// Borrows the bytes. Thread-safe: nothing changes.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace lqvg {

class ByteReader {
 public:
  ByteReader(std::span<const std::uint8_t> bytes, std::endian order) : bytes_(bytes), order_(order) {}

  std::span<const std::uint8_t> bytes() const { return bytes_; }

  // Whether `count` bytes lie at `offset`. No sum of the two can overflow.
  bool Holds(std::uint64_t offset, std::uint64_t count) const {
    return offset <= bytes_.size() && count <= bytes_.size() - offset;
  }

  // The integer of `width` bytes (1 to 8) at `offset`; nothing where it would reach beyond the end.
  std::optional<std::uint64_t> Uint(std::uint64_t offset, int width) const {
    if (!Holds(offset, static_cast<std::uint64_t>(width))) return std::nullopt;
    std::uint64_t value = 0;
    for (int i = 0; i < width; ++i) {
      const int place = order_ == std::endian::big ? i : width - 1 - i;
      value = value << 8 | bytes_[static_cast<std::size_t>(offset) + static_cast<std::size_t>(place)];
    }
    return value;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::endian order_;
};

}  // namespace lqvg
