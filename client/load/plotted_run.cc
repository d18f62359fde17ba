#include "client/load/plotted_run.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "train/curves/curve_plot.h"

namespace lqvg::load {
namespace {

using Json = nlohmann::json;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double Milliseconds(const LatencyHistogram& latency, double percent) {
  return latency.count() == 0 ? kNone : absl::ToDoubleMilliseconds(latency.Percentile(percent));
}

double Milliseconds(const Json& seconds) { return seconds.is_number() ? 1000 * seconds.get<double>() : kNone; }

void Sort(PlottedRun* run) { std::ranges::stable_sort(run->steps, {}, &PlottedStep::load); }

std::string Labelled(const std::string& name, const char* what) {
  return name.empty() ? what : absl::StrCat(name, " ", what);
}

curves::Curve CurveOf(const PlottedRun& run, const std::string& name, double PlottedStep::*value) {
  curves::Curve curve{name, {}};
  for (const PlottedStep& step : run.steps) curve.points.push_back({step.load, step.*value});
  return curve;
}

curves::Panel GoodputPanel(const std::string& workload, const std::vector<PlottedRun>& runs) {
  curves::Panel panel;
  panel.title = absl::StrCat("Goodput: ", workload);
  panel.y_label = "calls/s";
  double highest = 0;
  for (const PlottedRun& run : runs) {
    for (const PlottedStep& step : run.steps) highest = std::max(highest, step.good);
  }
  const bool is_alone = runs.size() == 1;
  if (runs.front().is_open && is_alone) {
    // Beside others the axis is better spent on what was answered.
    panel.curves.push_back(CurveOf(runs.front(), "offered", &PlottedStep::load));
    if (!runs.front().steps.empty()) highest = std::max(highest, runs.front().steps.back().load);
  }
  for (const PlottedRun& run : runs)
    panel.curves.push_back(CurveOf(run, Labelled(run.name, "good"), &PlottedStep::good));
  if (highest > 0) panel.y_range = curves::RoundedOut({0, highest}, 5);
  return panel;
}

curves::Panel LatencyPanel(const std::vector<PlottedRun>& runs) {
  curves::Panel panel;
  panel.title = "Latency of the calls that were OK";
  panel.y_label = "ms";
  panel.is_logarithmic = true;
  for (const PlottedRun& run : runs) {
    panel.curves.push_back(CurveOf(run, Labelled(run.name, "p50"), &PlottedStep::p50));
    panel.curves.push_back(CurveOf(run, Labelled(run.name, "p99"), &PlottedStep::p99));
    if (runs.size() == 1) panel.curves.push_back(CurveOf(run, "p99.9", &PlottedStep::p99_9));
  }
  return panel;
}

}  // namespace

PlottedRun Plot(const Report& report, const std::string& name) {
  PlottedRun run{
      .name = name, .is_open = report.steps.empty() || report.steps.front().offered.has_value(), .steps = {}};
  for (const Step& step : report.steps) {
    if (run.is_open ? !step.offered.has_value() : !step.concurrency.has_value()) continue;
    const LatencyHistogram& latency = step.tally.ok_latency;
    run.steps.push_back({.load = run.is_open ? *step.offered : static_cast<double>(*step.concurrency),
                         .good = GoodputPerSecond(step),
                         .p50 = Milliseconds(latency, 50),
                         .p99 = Milliseconds(latency, 99),
                         .p99_9 = Milliseconds(latency, 99.9)});
  }
  Sort(&run);
  return run;
}

absl::StatusOr<PlottedRun> ParsePlottedRun(std::string_view json, const std::string& name) {
  const Json document = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  PlottedRun run{.name = name, .is_open = true, .steps = {}};
  try {
    const Json& steps = document.at("steps");
    run.is_open = steps.empty() || steps.front().at("offered_per_second").is_number();
    for (const Json& step : steps) {
      const Json& load = step.at(run.is_open ? "offered_per_second" : "concurrency");
      if (!load.is_number()) continue;
      const Json& latency = step.at("latency_seconds");
      run.steps.push_back({.load = load.get<double>(),
                           .good = step.at("goodput_per_second").get<double>(),
                           .p50 = Milliseconds(latency.at("p50")),
                           .p99 = Milliseconds(latency.at("p99")),
                           .p99_9 = Milliseconds(latency.at("p99_9"))});
    }
  } catch (const Json::exception&) {
    return absl::InvalidArgumentError("is no report of lqvg-load");
  }
  Sort(&run);
  return run;
}

std::string DrawRuns(const std::string& title, const std::string& workload, const std::vector<PlottedRun>& runs) {
  std::vector<PlottedRun> alike = runs;
  std::erase_if(alike, [&](const PlottedRun& run) { return run.is_open != runs.front().is_open; });
  return curves::DrawSvg({title,
                          runs.front().is_open ? "offered load, calls/s" : "concurrency, calls at a time",
                          {GoodputPanel(workload, alike), LatencyPanel(alike)}});
}

}  // namespace lqvg::load
