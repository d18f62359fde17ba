// Where an axis has its ticks, and what stands beside them.
//
// Pure functions, thread-safe.
#pragma once

#include <string>
#include <vector>

namespace lqvg::curves {

struct Range {
  double low = 0, high = 1;  // finite, low < high; on a logarithmic axis above 0
};

struct Tick {
  double at = 0;
  std::string label;  // empty: a mark between the labelled ones
};

// Ticks at multiples of 1, 2 or 5 times a power of ten inside `range`, about `wanted` of them and never none. Labels
// show as many digits as tell neighbours apart: "0.25", "12k", "5e-05".
std::vector<Tick> LinearTicks(const Range& range, int wanted);

// Powers of ten with labels, where the range holds at least two; marks at their multiples. In a shorter range the marks
// at 2 and 5 have labels too, and where even those are too few, the ticks are those of a linear axis.
std::vector<Tick> LogTicks(const Range& range);

// The least range with ends on ticks that holds `range`.
Range RoundedOut(const Range& range, int wanted);

}  // namespace lqvg::curves
