#include "train/scenes/value_noise.h"

#include <cmath>
#include <cstddef>

#include "train/scenes/random.h"

namespace lqvg::scenes {
namespace {

float Smooth(float t) { return t * t * (3 - 2 * t); }

void AddOctave(std::uint64_t seed, int width, int height, float cell, float strength, std::vector<float>* field) {
  const int columns = static_cast<int>(static_cast<float>(width) / cell) + 2;
  std::vector<float> above(static_cast<std::size_t>(columns)), below(above), row(above);
  std::vector<float> parts(static_cast<std::size_t>(width));
  std::vector<int> cells(static_cast<std::size_t>(width));
  for (std::size_t x = 0; x < parts.size(); ++x) {
    const float at = static_cast<float>(x) / cell;
    cells[x] = static_cast<int>(at);
    parts[x] = Smooth(at - static_cast<float>(cells[x]));
  }
  const auto read_line = [&](int line, std::vector<float>* into) {
    for (int c = 0; c < columns; ++c) {
      (*into)[static_cast<std::size_t>(c)] = (UnitOf(HashOf(seed, c, line)) * 2 - 1) * strength;
    }
  };
  int line = -1;
  for (int y = 0; y < height; ++y) {
    const float at = static_cast<float>(y) / cell;
    if (static_cast<int>(at) != line) {
      line = static_cast<int>(at);
      read_line(line, &above);
      read_line(line + 1, &below);
    }
    const float part = Smooth(at - static_cast<float>(line));
    for (std::size_t c = 0; c < row.size(); ++c) row[c] = above[c] + (below[c] - above[c]) * part;
    float* out = &(*field)[static_cast<std::size_t>(y) * static_cast<std::size_t>(width)];
    for (std::size_t x = 0; x < parts.size(); ++x) {
      const float* node = &row[static_cast<std::size_t>(cells[x])];
      out[x] += node[0] + (node[1] - node[0]) * parts[x];
    }
  }
}

}  // namespace

std::vector<float> ValueNoise(std::uint64_t seed, int width, int height, float cell, int octaves) {
  std::vector<float> field(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  float strength = 0.5F;
  for (int octave = 0; octave < octaves && cell >= 1; ++octave, cell /= 2, strength /= 2) {
    AddOctave(Scramble(seed + static_cast<std::uint64_t>(octave)), width, height, cell, strength, &field);
  }
  return field;
}

}  // namespace lqvg::scenes
