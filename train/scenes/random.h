// Random numbers that are the same on every machine: integers only, no distribution of std.
//
// A value type: whoever draws owns it. Not thread-safe.
#pragma once

#include <cstdint>

namespace lqvg::scenes {

// The finaliser of SplitMix64 (Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014, with
// the constants of Stafford's variant 13): each bit of `x` changes about half of the result's.
constexpr std::uint64_t Scramble(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

// What belongs to a place of a grid, for textures.
constexpr std::uint32_t HashOf(std::uint64_t seed, int x, int y) {
  const std::uint64_t place = static_cast<std::uint64_t>(static_cast<std::uint32_t>(x)) << 32 |
                              static_cast<std::uint64_t>(static_cast<std::uint32_t>(y));
  return static_cast<std::uint32_t>(Scramble(seed ^ Scramble(place + 0x9E3779B97F4A7C15U)) >> 32);
}

// The top 24 bits as a number in [0, 1): exact in a float.
constexpr float UnitOf(std::uint32_t bits) { return static_cast<float>(bits >> 8) * (1.0F / 16777216.0F); }

// SplitMix64. Two draws in one expression need an order: the compiler may choose it for arguments and operands, but not
// between braces.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t Next() { return Scramble(state_ += 0x9E3779B97F4A7C15U); }  // 2^64 over the golden ratio

  // In [0, count); the bias of at most count / 2^32 does no harm here.
  constexpr int Below(int count) { return static_cast<int>((Next() >> 32) * static_cast<std::uint64_t>(count) >> 32); }
  constexpr int BetweenInts(int least, int most) { return least + Below(most - least + 1); }
  constexpr float Unit() { return UnitOf(static_cast<std::uint32_t>(Next() >> 32)); }
  constexpr float Between(float least, float most) { return least + (most - least) * Unit(); }
  constexpr bool Chance(float probability) { return Unit() < probability; }

 private:
  std::uint64_t state_;
};

}  // namespace lqvg::scenes
