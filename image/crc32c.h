// CRC-32C (Castagnoli), the checksum that a caller may send along with a picture.
//
// Stateless and thread-safe. Portable: eight bytes a step by table, more than a gigabyte a second.
#pragma once

#include <cstdint>
#include <string_view>

namespace lqvg {

// As in RFC 3720, section B.4: polynomial 0x1EDC6F41, reflected, initial value and final xor 0xFFFFFFFF.
std::uint32_t Crc32c(std::string_view bytes);

}  // namespace lqvg
