#include "server/cost_model.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <utility>

namespace lqvg::serving {
namespace {

constexpr std::size_t kTerms = 3;  // 1, pictures, pairs
using Vector = std::array<double, kTerms>;
using Matrix = std::array<Vector, kTerms>;

constexpr double kMemory = 0.95;       // the weight of a batch when the next one has run
constexpr double kInertia = 0.5;       // the weight of what was believed, beside a batch's
constexpr double kSpreadMemory = 0.9;  // of the mean deviation
constexpr double kOutlier = 4;         // times what was expected
constexpr double kFirstSpread = 0.1;   // until there is more to go by

Duration Seconds(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

double Dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

// Solves matrix * x = right for the terms in `used`, by elimination; the others are 0. The matrix is symmetric and
// positive definite, so that no pivot is needed.
Vector Solve(Matrix matrix, Vector right, const std::array<bool, kTerms>& used) {
  for (std::size_t i = 0; i < kTerms; ++i) {
    if (used[i]) continue;
    for (std::size_t j = 0; j < kTerms; ++j) matrix[i][j] = matrix[j][i] = i == j ? 1 : 0;
    right[i] = 0;
  }
  for (std::size_t i = 0; i < kTerms; ++i) {
    for (std::size_t row = i + 1; row < kTerms; ++row) {
      const double factor = matrix[row][i] / matrix[i][i];
      for (std::size_t j = i; j < kTerms; ++j) matrix[row][j] -= factor * matrix[i][j];
      right[row] -= factor * right[i];
    }
  }
  Vector x = {};
  for (std::size_t i = kTerms; i-- > 0;) {
    double sum = right[i];
    for (std::size_t j = i + 1; j < kTerms; ++j) sum -= matrix[i][j] * x[j];
    x[i] = sum / matrix[i][i];
  }
  return x;
}

// The best x without a negative term, as near as leaving out the negative ones leads.
Vector SolveNonNegative(const Matrix& matrix, const Vector& right) {
  std::array<bool, kTerms> used = {true, true, true};
  while (true) {
    Vector x = Solve(matrix, right, used);
    bool all = true;
    for (std::size_t i = 0; i < kTerms; ++i) {
      if (x[i] < 0) used[i] = all = false;
    }
    if (all) return x;
  }
}

}  // namespace

Duration BatchCost::Of(int images, int expressions) const {
  return Seconds(fixed_seconds + image_seconds * images + expression_seconds * expressions);
}

void CostModel::Learn(int images, int expressions, Duration took) {
  const Vector terms = {1, static_cast<double>(images), static_cast<double>(expressions)};
  // What a time deviates by grows with the batch, and so its square should count for less.
  const double weight = 1 / (1 + terms[1] + terms[2]);
  double seconds = std::chrono::duration<double>(took).count();
  MutexLock lock(&mutex_);
  Vector believed = {cost_.fixed_seconds, cost_.image_seconds, cost_.expression_seconds};
  const double expected = Dot(terms, believed);
  if (expected > 0) {
    seconds = std::min(seconds, kOutlier * expected);
    const double deviation = std::abs(seconds - expected) / std::max(seconds, expected);
    cost_.spread = kSpreadMemory * cost_.spread + (1 - kSpreadMemory) * deviation;
  } else {
    // The first batch: all of its terms had their part in it.
    for (std::size_t i = 0; i < kTerms; ++i) believed[i] = seconds * terms[i] / Dot(terms, terms);
    cost_.spread = kFirstSpread;
  }

  Matrix matrix;
  Vector right;
  for (std::size_t i = 0; i < kTerms; ++i) {
    for (std::size_t j = 0; j < kTerms; ++j) {
      matrix_[i][j] = kMemory * matrix_[i][j] + weight * terms[i] * terms[j];
    }
    right_[i] = kMemory * right_[i] + weight * terms[i] * seconds;
    matrix[i] = matrix_[i];
    matrix[i][i] += kInertia * weight;
    right[i] = right_[i] + kInertia * weight * believed[i];
  }
  const Vector learned = SolveNonNegative(matrix, right);
  cost_.fixed_seconds = learned[0];
  cost_.image_seconds = learned[1];
  cost_.expression_seconds = learned[2];
}

BatchCost CostModel::cost() const {
  MutexLock lock(&mutex_);
  return cost_;
}

}  // namespace lqvg::serving
