#include "tests/server/mutation.h"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lqvg::serving {
namespace {

// SplitMix64: the same numbers whatever the standard library.
std::uint64_t Next(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ull;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

std::size_t Below(std::uint64_t& state, std::size_t bound) { return static_cast<std::size_t>(Next(state) % bound); }

std::uint64_t Read(const std::string& bytes, std::size_t offset, int width, bool big_endian) {
  std::uint64_t value = 0;
  for (int i = 0; i < width; ++i) {
    const std::size_t at = offset + static_cast<std::size_t>(big_endian ? i : width - 1 - i);
    value = value << 8 | (at < bytes.size() ? static_cast<std::uint8_t>(bytes[at]) : 0u);
  }
  return value;
}

void Write(std::uint64_t value, std::size_t offset, int width, bool big_endian, std::string& bytes) {
  for (int i = 0; i < width; ++i) {
    const std::size_t at = offset + static_cast<std::size_t>(big_endian ? width - 1 - i : i);
    if (at < bytes.size()) bytes[at] = static_cast<char>(value >> (8 * i));
  }
}

// Where each chunk of a PNG file begins, as far as they can be followed.
std::vector<std::size_t> ChunksOf(const std::string& png) {
  std::vector<std::size_t> chunks;
  for (std::size_t at = 8; at + 12 <= png.size(); at += 12 + Read(png, at, 4, true)) chunks.push_back(at);
  return chunks;
}

// Else the checksum is all that a damaged PNG file is ever refused for.
void RepairChecksums(std::string& png) {
  for (const std::size_t chunk : ChunksOf(png)) {
    const std::uint64_t length = Read(png, chunk, 4, true);
    if (chunk + 12 + length > png.size()) return;
    const auto* const body = reinterpret_cast<const Bytef*>(png.data()) + chunk + 4;
    Write(crc32(0, body, static_cast<uInt>(length + 4)), chunk + 8 + length, 4, true, png);
  }
}

bool IsSegmentWithLength(std::uint64_t marker) {
  return marker > 0xFFBF && marker != 0xFFD8 && marker != 0xFFD9 && marker != 0xFFFF && (marker & 0xFFF8) != 0xFFD0;
}

}  // namespace

Mutator::Mutator(SeedFormat format, std::vector<Seed> seeds) : format_(format), seeds_(std::move(seeds)) {}

Mutant Mutator::Make(std::uint32_t number) const {
  std::uint64_t random = (static_cast<std::uint64_t>(format_) << 32) + number;
  const Seed& seed = seeds_[Below(random, seeds_.size())];
  switch (number % 4) {
    case 0:
      return Flip(random, seed);
    case 1:
      return Truncate(number / 4);
    case 2:
      return ChangeLength(random, seed);
    default:
      return Splice(random, seed);
  }
}

Mutant Mutator::Flip(std::uint64_t random, const Seed& seed) const {
  Mutant mutant{.name = absl::StrCat(seed.name, " with"), .bytes = seed.bytes};
  for (std::size_t left = 1 + Below(random, 4); left > 0; --left) {
    const std::size_t at = Below(random, seed.bytes.size());
    const auto pattern = static_cast<std::uint8_t>(1 + Below(random, 255));
    mutant.bytes[at] = static_cast<char>(mutant.bytes[at] ^ pattern);
    absl::StrAppend(&mutant.name, " byte ", at, " ^ 0x", absl::Hex(pattern));
  }
  if (format_ == SeedFormat::kPng && Below(random, 4) != 0) {
    RepairChecksums(mutant.bytes);
    absl::StrAppend(&mutant.name, ", checksums repaired");
  }
  return mutant;
}

Mutant Mutator::Truncate(std::uint32_t round) const {
  const Seed& seed = seeds_[round / 100 % seeds_.size()];
  const std::size_t percent = round % 100;
  return {.name = absl::StrCat(seed.name, " cut to ", percent, " %"),
          .bytes = seed.bytes.substr(0, seed.bytes.size() * percent / 100)};
}

Mutant Mutator::ChangeLength(std::uint64_t random, const Seed& seed) const {
  const std::vector<Field> fields = FieldsOf(seed.bytes);
  const Field field = fields[Below(random, fields.size())];
  const std::uint64_t value = Read(seed.bytes, field.offset, field.width, field.big_endian);
  const std::uint64_t all = field.width == 8 ? ~0ull : (1ull << (8 * field.width)) - 1;
  const std::uint64_t choices[] = {0,       1,       value - 1, value + 1, value * 2, value / 2,   seed.bytes.size(),
                                   all / 2, all - 1, all,       all / 8,   0x1000,    Next(random)};
  const std::uint64_t changed = choices[Below(random, std::size(choices))] & all;
  Mutant mutant{.name = absl::StrCat(seed.name, " with ", field.width, " bytes at ", field.offset, " = ", changed),
                .bytes = seed.bytes};
  Write(changed, field.offset, field.width, field.big_endian, mutant.bytes);
  if (format_ == SeedFormat::kPng && Below(random, 4) != 0) {
    RepairChecksums(mutant.bytes);
    absl::StrAppend(&mutant.name, ", checksums repaired");
  }
  return mutant;
}

Mutant Mutator::Splice(std::uint64_t random, const Seed& seed) const {
  const Seed& other = seeds_[Below(random, seeds_.size())];
  const std::size_t head = Below(random, seed.bytes.size() + 1);
  const std::size_t tail = Below(random, other.bytes.size() + 1);
  return {.name = absl::StrCat(seed.name, " up to ", head, ", then ", other.name, " from ", tail),
          .bytes = seed.bytes.substr(0, head) + other.bytes.substr(tail)};
}

std::vector<Mutator::Field> Mutator::FieldsOf(const std::string& bytes) const {
  std::vector<Field> fields;
  switch (format_) {
    case SeedFormat::kPng:
      fields = {{16, 4, true}, {20, 4, true}};  // width, height
      for (const std::size_t chunk : ChunksOf(bytes)) fields.push_back({chunk, 4, true});
      break;
    case SeedFormat::kJpeg:
      for (std::size_t at = 2; at + 4 <= bytes.size(); at += 2 + Read(bytes, at + 2, 2, true)) {
        const std::uint64_t marker = Read(bytes, at, 2, true);
        if (!IsSegmentWithLength(marker)) break;
        fields.push_back({at + 2, 2, true});
        // Height, width, components, and the first one's sampling factors.
        const bool frame = marker >= 0xFFC0 && marker <= 0xFFC2;
        if (frame)
          fields.insert(fields.end(), {{at + 5, 2, true}, {at + 7, 2, true}, {at + 9, 1, true}, {at + 11, 1, true}});
        if (marker == 0xFFDA) fields.push_back({at + 4, 1, true});
      }
      break;
    case SeedFormat::kTiff: {
      const bool big_endian = bytes[0] == 'M';
      const bool big = Read(bytes, 2, 2, big_endian) == 43;
      const int width = big ? 8 : 4;
      const std::size_t first = big ? 8 : 4;
      const std::size_t directory = Read(bytes, first, width, big_endian);
      const int count_width = big ? 8 : 2;
      fields = {{first, width, big_endian}, {directory, count_width, big_endian}};
      const std::uint64_t entries = std::min<std::uint64_t>(Read(bytes, directory, count_width, big_endian), 100);
      for (std::uint64_t i = 0; i < entries; ++i) {
        const std::size_t entry = directory + static_cast<std::size_t>(count_width) + i * (big ? 20 : 12);
        const std::size_t value = entry + 4 + static_cast<std::size_t>(width);
        // Type, count, and the value or where it is.
        fields.insert(fields.end(),
                      {{entry + 2, 2, big_endian}, {entry + 4, width, big_endian}, {value, width, big_endian}});
      }
      break;
    }
    case SeedFormat::kProtobuf:
      // Every byte behind a tag of a length-delimited field; among picture data that is any byte, which is as good.
      for (std::size_t at = 1; at < bytes.size(); ++at) {
        if ((bytes[at - 1] & 7) == 2) fields.push_back({at, 1, true});
      }
      break;
  }
  return fields;
}

}  // namespace lqvg::serving
