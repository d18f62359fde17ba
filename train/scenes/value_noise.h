// Smooth random fields over a picture, for textures that look grown rather than drawn.
//
// Stateless and thread-safe.
#pragma once

#include <cstdint>
#include <vector>

namespace lqvg::scenes {

// Values within -1..1 (mostly within half of that), [height, width]. `cell`: pixels between the values of the coarsest
// octave; each further octave is twice as fine and half as strong.
std::vector<float> ValueNoise(std::uint64_t seed, int width, int height, float cell, int octaves);

}  // namespace lqvg::scenes
