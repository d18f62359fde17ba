#include "image/crc32c.h"

#include <array>
#include <cstddef>

namespace lqvg {
namespace {

constexpr std::uint32_t kReflectedPolynomial = 0x82f63b78;
constexpr std::size_t kSlices = 8;

// kTables[n][b]: what byte b contributes when n zero bytes follow it.
using Tables = std::array<std::array<std::uint32_t, 256>, kSlices>;

constexpr Tables MakeTables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReflectedPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t slice = 1; slice < kSlices; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t crc = tables[slice - 1][byte];
      tables[slice][byte] = (crc >> 8) ^ tables[0][crc & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

}  // namespace

std::uint32_t Crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  while (bytes.size() >= kSlices) {
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < kSlices; ++i) {
      // The checksum so far is folded into the first four bytes, the lowest bits first.
      const std::uint32_t folded = i < 4 ? crc >> (8 * i) : 0;
      next ^= kTables[kSlices - 1 - i][(static_cast<unsigned char>(bytes[i]) ^ folded) & 0xff];
    }
    crc = next;
    bytes.remove_prefix(kSlices);
  }
  for (const char byte : bytes) crc = (crc >> 8) ^ kTables[0][(static_cast<unsigned char>(byte) ^ crc) & 0xff];
  return ~crc;
}

}  // namespace lqvg
