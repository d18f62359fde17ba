#include "train/curves/curve_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "train/curves/progress_line.h"
#include "train/curves/svg_text.h"

namespace lqvg::curves {
namespace {

// Pixels.
constexpr double kWidth = 960, kTop = 48, kBottom = 44, kPanelHeight = 250, kPanelGap = 62;
constexpr double kLeft = 78, kRight = 210;  // beside the plots: labels of y, and the legend
constexpr double kPlotWidth = kWidth - kLeft - kRight;
constexpr double kLegendLine = 20;

constexpr int kYSteps = 5;  // rounding out adds up to two
constexpr std::size_t kNoisyPoints = 300;

// Told apart by people who see few colours too (Okabe and Ito, "Color Universal Design", 2008); the yellow is darkened
// for a white ground.
constexpr std::array<const char*, 8> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                 "#e69f00", "#56b4e9", "#000000", "#8a7f00"};

constexpr char kStyle[] =
    "<style>text{font-family:'DejaVu Sans',Verdana,Arial,sans-serif;font-size:12px;fill:#222}"
    ".title{font-size:17px;font-weight:bold}.panel{font-size:13px;font-weight:bold}"
    ".grid{stroke:#e4e4e4;stroke-width:1}.faint{stroke:#f1f1f1;stroke-width:1}"
    ".frame{fill:none;stroke:#888;stroke-width:1}.tick{stroke:#888;stroke-width:1}"
    ".curve{fill:none;stroke-width:1.6;stroke-linejoin:round}.raw{fill:none;stroke-width:1;stroke-opacity:.3}.none{"
    "fill:#888}</style>\n";

// Where a panel's points are on the sheet.
struct Axes {
  Range x, y;
  bool is_logarithmic = false, is_noisy = false;
  double top = 0;  // pixels

  double X(double value) const { return kLeft + (value - x.low) / (x.high - x.low) * kPlotWidth; }
  double Y(double value) const {
    const double share =
        is_logarithmic ? std::log(value / y.low) / std::log(y.high / y.low) : (value - y.low) / (y.high - y.low);
    // A range that somebody chose may leave points far outside; they are clipped, but numbers stay short.
    return top + kPanelHeight * (1 - std::clamp(share, -1.0, 2.0));
  }
};

bool IsDrawable(const CurvePoint& point, bool is_logarithmic) {
  return std::isfinite(point.x) && std::isfinite(point.y) && (!is_logarithmic || point.y > 0);
}

// The least range that holds what `value` says of every drawable point; none if there is no such point.
template <typename Value>
std::optional<Range> RangeOf(const Panel& panel, Value value) {
  Range range{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  for (const Curve& curve : panel.curves) {
    for (const CurvePoint& point : curve.points) {
      if (!IsDrawable(point, panel.is_logarithmic)) continue;
      range.low = std::min(range.low, value(point));
      range.high = std::max(range.high, value(point));
    }
  }
  if (range.low > range.high) return std::nullopt;
  return range;
}

// A range of one value has no length to draw over.
Range Widened(Range range) {
  if (range.low < range.high) return range;
  const double margin = range.low == 0 ? 1 : std::abs(range.low) / 2;
  return {range.low - margin, range.high + margin};
}

Range YRange(const Panel& panel, const Range& needed) {
  if (panel.y_range && panel.y_range->low < panel.y_range->high) return *panel.y_range;
  const Range range = Widened(needed);
  if (!panel.is_logarithmic) return RoundedOut(range, kYSteps);
  const double margin = std::pow(range.high / range.low, 0.04);
  return {range.low / margin, range.high * margin};
}

// Over all panels, so that what is above one another belongs to the same step.
Range XRange(const CurveSheet& sheet) {
  std::optional<Range> all;
  for (const Panel& panel : sheet.panels) {
    const std::optional<Range> range = RangeOf(panel, [](const CurvePoint& point) { return point.x; });
    if (!range) continue;
    all = all ? Range{std::min(all->low, range->low), std::max(all->high, range->high)} : *range;
  }
  return Widened(all.value_or(Range{}));
}

// Keeps of each column of pixels the first point, the lowest, the highest and the last, in their order.
std::vector<SvgPoint> Thinned(const std::vector<SvgPoint>& points) {
  std::vector<SvgPoint> kept;
  for (std::size_t begin = 0, end = 0; begin < points.size(); begin = end) {
    while (end < points.size() && std::floor(points[end].x) == std::floor(points[begin].x)) ++end;
    const auto column = std::span(points).subspan(begin, end - begin);
    const auto [low, high] = std::ranges::minmax_element(column, {}, &SvgPoint::y);
    std::array<std::size_t, 4> chosen = {0, static_cast<std::size_t>(low - column.begin()),
                                         static_cast<std::size_t>(high - column.begin()), column.size() - 1};
    std::ranges::sort(chosen);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      if (i == 0 || chosen[i] != chosen[i - 1]) kept.push_back(column[chosen[i]]);
    }
  }
  return kept;
}

// The mean over a window around each point, shorter at both ends; in pixels, so that on a logarithmic axis it is that
// of the logarithms.
std::vector<SvgPoint> Smoothed(const std::vector<SvgPoint>& points) {
  const std::size_t reach = points.size() / 100;
  std::vector<double> sums = {0};
  for (const SvgPoint& point : points) sums.push_back(sums.back() + point.y);
  std::vector<SvgPoint> smooth = points;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::size_t half = std::min({reach, i, points.size() - 1 - i});
    smooth[i].y = (sums[i + half + 1] - sums[i - half]) / static_cast<double>(2 * half + 1);
  }
  return smooth;
}

std::string DrawStretch(const std::vector<SvgPoint>& points, bool is_noisy, const char* colour) {
  if (points.empty()) return "";
  if (points.size() == 1) {  // a line of one point is invisible
    return SvgRectangle({points[0].x - 2, points[0].y - 2}, {4, 4}, absl::StrCat("fill=\"", colour, "\""));
  }
  const std::string line = absl::StrCat("class=\"curve\" stroke=\"", colour, "\"");
  if (!is_noisy || points.size() < kNoisyPoints) return SvgPolyline(Thinned(points), line);
  return SvgPolyline(Thinned(points), absl::StrCat("class=\"raw\" stroke=\"", colour, "\"")) +
         SvgPolyline(Thinned(Smoothed(points)), line);
}

std::string DrawCurve(const Curve& curve, const Axes& axes, const char* colour) {
  std::string text;
  std::vector<SvgPoint> stretch;
  for (const CurvePoint& point : curve.points) {
    if (IsDrawable(point, axes.is_logarithmic)) {
      stretch.push_back({axes.X(point.x), axes.Y(point.y)});
    } else {
      text += DrawStretch(stretch, axes.is_noisy, colour);
      stretch.clear();
    }
  }
  return text + DrawStretch(stretch, axes.is_noisy, colour);
}

std::string DrawLegend(const Panel& panel, double top) {
  std::string text;
  for (std::size_t i = 0; i < panel.curves.size(); ++i) {
    const Curve& curve = panel.curves[i];
    const double x = kWidth - kRight + 14, y = top + 10 + kLegendLine * static_cast<double>(i);
    text +=
        SvgLine({x, y}, {x + 22, y}, absl::StrCat("stroke=\"", kColours[i % kColours.size()], "\" stroke-width=\"3\""));
    // At the end of a curve there may be nothing: say so in a reader's word.
    const double end = curve.points.empty() ? 0 : curve.points.back().y;
    const std::string last = curve.points.empty() ? "" : absl::StrCat(" ", std::isnan(end) ? "none" : NumberText(end));
    text += SvgLabel({x + 29, y + 4}, SvgAnchor::kStart, curve.name + last, "");
  }
  return text;
}

std::string DrawXTicks(const Axes& axes, double bottom) {
  std::string text;
  for (const Tick& tick : LinearTicks(axes.x, 8)) {
    const double x = axes.X(tick.at);
    text += SvgLine({x, axes.top}, {x, bottom}, "class=\"grid\"");
    text += SvgLine({x, bottom}, {x, bottom + 5}, "class=\"tick\"");
    text += SvgLabel({x, bottom + 18}, SvgAnchor::kMiddle, tick.label, "");
  }
  return text;
}

std::string DrawYTicks(const Axes& axes) {
  std::string text;
  for (const Tick& tick : axes.is_logarithmic ? LogTicks(axes.y) : LinearTicks(axes.y, kYSteps + 2)) {
    const double y = axes.Y(tick.at);
    const bool has_label = !tick.label.empty();
    text += SvgLine({kLeft, y}, {kLeft + kPlotWidth, y}, has_label ? "class=\"grid\"" : "class=\"faint\"");
    text += SvgLine({kLeft - (has_label ? 5 : 3), y}, {kLeft, y}, "class=\"tick\"");
    if (has_label) text += SvgLabel({kLeft - 9, y + 4}, SvgAnchor::kEnd, tick.label, "");
  }
  return text;
}

std::string DrawPanel(const Panel& panel, const Range& x_range, double top) {
  const SvgPoint middle = {kLeft + kPlotWidth / 2, top + kPanelHeight / 2};
  std::string text = SvgLabel({kLeft, top - 9}, SvgAnchor::kStart, panel.title, "class=\"panel\"");
  const std::string turned = absl::StrFormat("transform=\"rotate(-90 16 %.1f)\"", middle.y);
  text += SvgLabel({16, middle.y}, SvgAnchor::kMiddle, panel.y_label, turned);
  const std::optional<Range> needed = RangeOf(panel, [](const CurvePoint& point) { return point.y; });
  if (needed) {
    const Axes axes{x_range, YRange(panel, *needed), panel.is_logarithmic, panel.is_noisy, top};
    text += DrawXTicks(axes, top + kPanelHeight) + DrawYTicks(axes);
    // Nested: what lies outside is clipped.
    text +=
        absl::StrFormat("<svg x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" viewBox=\"%.1f %.1f %.1f %.1f\">\n",
                        kLeft, top, kPlotWidth, kPanelHeight, kLeft, top, kPlotWidth, kPanelHeight);
    for (std::size_t i = 0; i < panel.curves.size(); ++i) {
      text += DrawCurve(panel.curves[i], axes, kColours[i % kColours.size()]);
    }
    text += "</svg>\n" + DrawLegend(panel, top);
  } else {
    text += SvgLabel(middle, SvgAnchor::kMiddle, "no values yet", "class=\"none\"");
  }
  return text + SvgRectangle({kLeft, top}, {kPlotWidth, kPanelHeight}, "class=\"frame\"");
}

}  // namespace

std::string DrawSvg(const CurveSheet& sheet) {
  const auto panels = static_cast<double>(sheet.panels.size());
  const double height =
      kTop + panels * (kPanelHeight + kPanelGap) - (panels > 0 ? kPanelGap : 0) + kPanelGap / 2 + kBottom;
  std::string text = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">\n", kWidth,
      height, kWidth, height);
  text += kStyle + SvgRectangle({0, 0}, {kWidth, height}, "fill=\"#fff\"");
  text += SvgLabel({kLeft, 24}, SvgAnchor::kStart, sheet.title, "class=\"title\"");
  const Range x_range = XRange(sheet);
  double top = kTop + kPanelGap / 2;
  for (const Panel& panel : sheet.panels) {
    text += DrawPanel(panel, x_range, top);
    top += kPanelHeight + kPanelGap;
  }
  text += SvgLabel({kLeft + kPlotWidth / 2, height - 8}, SvgAnchor::kMiddle, sheet.x_label, "");
  return text + "</svg>\n";
}

Curve CurveOf(const std::vector<MetricsRow>& rows, const std::string& value) {
  Curve curve{value, {}};
  for (const MetricsRow& row : rows) {
    if (const auto found = row.values.find(value); found != row.values.end()) {
      curve.points.push_back({static_cast<double>(row.step), found->second});
    }
  }
  return curve;
}

}  // namespace lqvg::curves
