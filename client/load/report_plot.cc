#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/load/report.h"
#include "train/curves/curve_plot.h"

namespace lqvg::load {
namespace {

struct LoadedStep {
  double load = 0;
  const Step* step;
};

// By load, as curves want their points.
std::vector<LoadedStep> StepsByLoad(const Report& report, bool is_open) {
  std::vector<LoadedStep> steps;
  for (const Step& step : report.steps) {
    if (is_open && step.offered) steps.push_back({*step.offered, &step});
    if (!is_open && step.concurrency) steps.push_back({static_cast<double>(*step.concurrency), &step});
  }
  std::ranges::stable_sort(steps, {}, &LoadedStep::load);
  return steps;
}

curves::Panel GoodputPanel(const std::vector<LoadedStep>& steps, bool is_open, const std::string& workload) {
  curves::Panel panel;
  panel.title = absl::StrCat("Goodput: ", workload);
  panel.y_label = "calls/s";
  curves::Curve offered{"offered", {}}, good{"good", {}};
  double highest = 0;
  for (const auto& [load, step] : steps) {
    offered.points.push_back({load, load});
    good.points.push_back({load, GoodputPerSecond(*step)});
    highest = std::max({highest, good.points.back().y, is_open ? load : 0});
  }
  if (highest > 0) panel.y_range = curves::RoundedOut({0, highest}, 5);
  if (is_open) panel.curves.push_back(std::move(offered));
  panel.curves.push_back(std::move(good));
  return panel;
}

curves::Curve LatencyCurve(const std::vector<LoadedStep>& steps, const std::string& name, double percent) {
  curves::Curve curve{name, {}};
  for (const auto& [load, step] : steps) {
    const LatencyHistogram& latency = step->tally.ok_latency;
    curve.points.push_back({load, latency.count() == 0 ? std::numeric_limits<double>::quiet_NaN()
                                                       : absl::ToDoubleMilliseconds(latency.Percentile(percent))});
  }
  return curve;
}

}  // namespace

std::string ToSvg(const Report& report) {
  const bool is_open = report.steps.empty() || report.steps.front().offered.has_value();
  const std::vector<LoadedStep> steps = StepsByLoad(report, is_open);
  curves::Panel latency;
  latency.title = "Latency of the calls that were OK";
  latency.y_label = "ms";
  latency.is_logarithmic = true;
  latency.curves = {LatencyCurve(steps, "p50", 50), LatencyCurve(steps, "p99", 99), LatencyCurve(steps, "p99.9", 99.9)};
  return curves::DrawSvg({absl::StrCat("Load on ", report.target, " (", report.protocol, ")"),
                          is_open ? "offered load, calls/s" : "concurrency, calls at a time",
                          {GoodputPanel(steps, is_open, report.workload), std::move(latency)}});
}

}  // namespace lqvg::load
