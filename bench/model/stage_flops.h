// How many floating-point operations the model's stages take, from the shapes of their weights: a multiplication and an
// addition are two. Norms, activations and positions are left out: less than a hundredth.
//
// Pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "model/network.h"

namespace lqvg {

// For one picture of the model's input size.
double ImageFlops(const Network& network);

// For one expression of so many tokens.
double TextFlops(const Network& network, std::int64_t tokens);

// For one pair; `levels` as Forward of the image encoder gives them.
double FusionFlops(const Network& network, const std::vector<LevelShape>& levels, std::int64_t tokens);
double TransformerFlops(const Network& network, const std::vector<LevelShape>& levels);

}  // namespace lqvg
