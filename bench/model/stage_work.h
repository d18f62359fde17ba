// How much the model's stages compute and move, from the shapes of their weights. Norms, activations and positions are
// left out: less than a hundredth of the operations.
//
// Pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/model/work.h"
#include "model/network.h"

namespace lqvg::bench {

// Deformable attention's sampling of one memory [cells, dim]: each query reads `points` points, over all heads and
// levels, and of each `channels` channels of four cells.
Work SamplingWork(double queries, double points, double channels, double cells, double dim);

// For one picture of the model's input size.
Work ImageWork(const Network& network);

// For one expression of so many tokens.
Work TextWork(const Network& network, std::int64_t tokens);

// For one pair; `levels` as Forward of the image encoder gives them.
Work FusionWork(const Network& network, const std::vector<LevelShape>& levels, std::int64_t tokens);
Work TransformerWork(const Network& network, const std::vector<LevelShape>& levels);

}  // namespace lqvg::bench
