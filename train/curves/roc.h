// How well a score tells two kinds of things apart.
//
// A pure function, thread-safe.
#pragma once

#include <vector>

namespace lqvg::curves {

// The probability that a score drawn from `positives` is above one drawn from `negatives`, ties counting half: the area
// under the ROC curve. Not a number when either is empty. No score may be one that is not a number.
double Auroc(const std::vector<float>& positives, std::vector<float> negatives);

}  // namespace lqvg::curves
