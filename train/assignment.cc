#include "train/assignment.h"

#include <limits>

namespace lqvg::train {

std::vector<std::size_t> Assign(std::span<const double> cost, std::size_t columns) {
  constexpr double kFar = std::numeric_limits<double>::infinity();
  constexpr std::size_t kNobody = std::numeric_limits<std::size_t>::max();
  const std::size_t rows = columns == 0 ? 0 : cost.size() / columns;
  // Prices never exceed costs, and meet them where a row holds a column: so what a way costs beyond them is a length,
  // and the shortest way from a new row to a free column keeps the whole the cheapest.
  std::vector<double> row_price(rows, 0), column_price(columns, 0);
  // The row that holds each column. One more column stands for where the new row comes from.
  std::vector<std::size_t> holder(columns + 1, kNobody);
  for (std::size_t row = 0; row < rows; ++row) {
    std::vector<double> distance(columns, kFar);
    std::vector<std::size_t> before(columns, columns);  // the column before it on the way
    std::vector<bool> done(columns, false);
    std::size_t column = columns;
    holder[columns] = row;
    while (holder[column] != kNobody) {
      if (column < columns) done[column] = true;
      const std::size_t from = holder[column];
      std::size_t nearest = columns;
      double step = kFar;
      for (std::size_t to = 0; to < columns; ++to) {
        if (done[to]) continue;
        const double length = cost[from * columns + to] - row_price[from] - column_price[to];
        if (length < distance[to]) distance[to] = length, before[to] = column;
        if (distance[to] < step) step = distance[to], nearest = to;
      }
      row_price[row] += step;
      for (std::size_t to = 0; to < columns; ++to) {
        if (done[to]) {
          row_price[holder[to]] += step;
          column_price[to] -= step;
        } else {
          distance[to] -= step;
        }
      }
      column = nearest;
    }
    // Every row on the way moves on by one column.
    for (; column != columns; column = before[column]) holder[column] = holder[before[column]];
  }
  std::vector<std::size_t> assigned(rows);
  for (std::size_t column = 0; column < columns; ++column) {
    if (holder[column] != kNobody) assigned[holder[column]] = column;
  }
  return assigned;
}

}  // namespace lqvg::train
