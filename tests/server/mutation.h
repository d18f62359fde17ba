// Damaged copies of good files and messages, the same ones in every run: a mutant is named by its number alone.
//
// Immutable once made; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lqvg::serving {

enum class SeedFormat { kJpeg, kPng, kTiff, kProtobuf };

struct Seed {
  std::string name;
  std::string bytes;
};

struct Mutant {
  std::string name;  // what was done to which seed
  std::string bytes;
};

class Mutator {
 public:
  // At least one seed, none empty.
  Mutator(SeedFormat format, std::vector<Seed> seeds);

  // By turns: some bytes changed, cut off at a percentage, a length or size changed, two seeds joined. Every percentage
  // of every seed comes up within 400 * seeds numbers.
  Mutant Make(std::uint32_t number) const;

 private:
  // A number in the file that says how much of something there is.
  struct Field {
    std::size_t offset;
    int width;  // bytes
    bool big_endian;
  };

  Mutant Flip(std::uint64_t random, const Seed& seed) const;
  Mutant Truncate(std::uint32_t round) const;
  Mutant ChangeLength(std::uint64_t random, const Seed& seed) const;
  Mutant Splice(std::uint64_t random, const Seed& seed) const;

  std::vector<Field> FieldsOf(const std::string& bytes) const;

  const SeedFormat format_;
  const std::vector<Seed> seeds_;
};

}  // namespace lqvg::serving
