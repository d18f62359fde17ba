#include "train/assignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace lqvg::train {
namespace {

double CostOf(const std::vector<double>& cost, std::size_t columns, const std::vector<std::size_t>& assigned) {
  double sum = 0;
  for (std::size_t row = 0; row < assigned.size(); ++row) sum += cost[row * columns + assigned[row]];
  return sum;
}

// Of every way to give each row a column of its own.
double LeastCost(const std::vector<double>& cost, std::size_t columns) {
  std::vector<std::size_t> order(columns);
  std::iota(order.begin(), order.end(), 0);
  double least = std::numeric_limits<double>::infinity();
  do {
    const std::vector<std::size_t> assigned(order.begin(), order.begin() + static_cast<long>(cost.size() / columns));
    least = std::min(least, CostOf(cost, columns, assigned));
  } while (std::next_permutation(order.begin(), order.end()));
  return least;
}

TEST(Assign, CostsLeastOfAllWays) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> number(-3, 3);
  for (std::size_t i = 0; i < 300; ++i) {
    const std::size_t columns = 1 + i % 7, rows = 1 + random() % columns;
    std::vector<double> cost(rows * columns);
    for (double& value : cost) value = number(random);
    const std::vector<std::size_t> assigned = Assign(cost, columns);
    ASSERT_EQ(assigned.size(), rows);
    std::vector<std::size_t> sorted = assigned;
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(std::adjacent_find(sorted.begin(), sorted.end()), sorted.end());
    EXPECT_NEAR(CostOf(cost, columns, assigned), LeastCost(cost, columns), 1e-12);
  }
}

TEST(Assign, GivesUpTheNearestWhereAnotherNeedsItMore) {
  EXPECT_THAT(Assign(std::vector<double>{1, 2, 1, 9}, 2), testing::ElementsAre(1, 0));
}

TEST(Assign, HasNothingToDoWithoutRows) { EXPECT_THAT(Assign({}, 3), testing::IsEmpty()); }

}  // namespace
}  // namespace lqvg::train
