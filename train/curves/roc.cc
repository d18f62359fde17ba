#include "train/curves/roc.h"

#include <algorithm>
#include <limits>

namespace lqvg::curves {

double Auroc(const std::vector<float>& positives, std::vector<float> negatives) {
  if (positives.empty() || negatives.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(negatives.begin(), negatives.end());
  double wins = 0;
  for (const float score : positives) {
    const auto [low, high] = std::equal_range(negatives.begin(), negatives.end(), score);
    wins += static_cast<double>(low - negatives.begin()) + 0.5 * static_cast<double>(high - low);
  }
  return wins / (static_cast<double>(positives.size()) * static_cast<double>(negatives.size()));
}

}  // namespace lqvg::curves
