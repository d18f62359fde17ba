// A model directory without weights, small enough to train in a test.
#pragma once

#include <string>

namespace lqvg::train {

// Makes `folder` anew, with the vocabulary of models/demo and a network of some ten thousand parameters for pictures of
// 128 x 128.
void MakeTinyModel(const std::string& folder);

}  // namespace lqvg::train
