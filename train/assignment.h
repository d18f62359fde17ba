// The cheapest way to give each of some rows a column of its own (Kuhn, "The Hungarian method for the assignment
// problem", 1955; here along shortest augmenting paths).
//
// A pure function, std only.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace lqvg::train {

// The column of each row, no two alike, of the least total cost. `cost`: row by row, `columns` numbers each, none of
// them NaN or infinite; no more rows than columns. O(rows^2 * columns).
std::vector<std::size_t> Assign(std::span<const double> cost, std::size_t columns);

}  // namespace lqvg::train
