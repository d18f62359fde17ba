// How the fuzzer changes a picture: as it does any bytes, and then, mostly, with the checksums of a PNG made right
// again. Else nearly every change of a PNG would end at the first checksum, and nothing behind it would be tried.
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

constexpr std::size_t kSignatureBytes = 8;
constexpr std::size_t kChunkBytes = 12;  // length, type and checksum around a chunk's body

std::uint32_t ReadBigEndian(const std::uint8_t* at) {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
}

void RepairChecksums(std::span<std::uint8_t> png) {
  std::size_t pos = kSignatureBytes;
  while (pos + kChunkBytes <= png.size()) {
    const std::size_t body = ReadBigEndian(&png[pos]);
    if (body > png.size() - pos - kChunkBytes) return;
    const auto checksum = static_cast<std::uint32_t>(crc32(0, &png[pos + 4], static_cast<uInt>(body + 4)));
    for (std::size_t i = 0; i < 4; ++i) {
      png[pos + 8 + body + i] = static_cast<std::uint8_t>(checksum >> (24 - 8 * i));
    }
    pos += kChunkBytes + body;
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned int seed) {
  const std::size_t mutated = LLVMFuzzerMutate(data, size, max_size);
  const bool is_png = mutated >= kSignatureBytes && std::memcmp(data, "\x89PNG", 4) == 0;
  if (is_png && seed % 4 != 0) RepairChecksums({data, mutated});
  return mutated;
}
