// Curves of a training as one picture, in SVG, that a browser shows without anything else: panels one below the other
// (losses, accuracy, learning rate) over the same x axis.
//
// Pure functions, thread-safe. The same sheet gives the same text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "train/curves/axis_ticks.h"
#include "train/curves/metrics_file.h"

namespace lqvg::curves {

struct CurvePoint {
  double x = 0, y = 0;
};

struct Curve {
  std::string name;                // in the legend, beside its last value
  std::vector<CurvePoint> points;  // by x, ascending; one that is not finite interrupts the line
};

struct Panel {
  std::string title;
  std::string y_label;                // with the unit, if there is one
  bool is_logarithmic = false;        // of y; points that are not above 0 are left out
  bool is_noisy = false;              // from 300 points on a line is faint, with its running mean over it
  std::optional<Range> y_range = {};  // empty: what the curves need
  std::vector<Curve> curves = {};     // at most 8 have colours of their own
};

struct CurveSheet {
  std::string title;
  std::string x_label;  // "step"
  std::vector<Panel> panels;
};

// Texts may hold anything; what XML cannot hold is shown as a question mark. However many points a curve has, a line
// has at most four for each pixel across, so that no peak is lost and the file stays small. A panel without a point
// says so.
std::string DrawSvg(const CurveSheet& sheet);

// The curve of a value of the history over steps; rows without it are passed over.
Curve CurveOf(const std::vector<MetricsRow>& rows, const std::string& value);

}  // namespace lqvg::curves
