// No "%g" here: absl leaves some numbers of it to the C library, which heeds the locale.
#include <array>
#include <cmath>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/load/report.h"

namespace lqvg::load {
namespace {

std::string RateText(double per_second) {
  return absl::StrFormat("%.*f/s", std::abs(per_second) < 99.95 ? 1 : 0, per_second);
}

std::string PercentText(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return "-";
  return absl::StrFormat("%.2f %%", 100 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string SecondsText(absl::Duration duration) { return absl::StrFormat("%.1f s", absl::ToDoubleSeconds(duration)); }

std::string LoadText(const Step& step) {
  if (step.offered) return RateText(*step.offered);
  return step.concurrency ? absl::StrCat(*step.concurrency) : "-";
}

std::string HeadingText(const Step& step) {
  const std::string duration = SecondsText(step.duration);
  if (step.offered) return absl::StrFormat("%s offered for %s\n", LoadText(step), duration);
  if (step.concurrency) return absl::StrFormat("%s at a time for %s\n", LoadText(step), duration);
  return absl::StrFormat("%s\n", duration);
}

std::string LatencyRow(const char* name, const LatencyHistogram& histogram) {
  if (histogram.count() == 0) return "";
  std::string row = absl::StrFormat("  %-10s%9s%9s", name, LatencyText(histogram.Min()), LatencyText(histogram.Mean()));
  for (const double percent : {50.0, 90.0, 95.0, 99.0, 99.9, 100.0}) {
    absl::StrAppendFormat(&row, "%9s", LatencyText(percent < 100 ? histogram.Percentile(percent) : histogram.Max()));
  }
  return row + "\n";
}

std::string LatencyRows(const Tally& tally) {
  std::string rows = LatencyRow("latency", tally.ok_latency) + LatencyRow("service", tally.ok_service) +
                     LatencyRow("errors", tally.error_latency);
  if (rows.empty()) return rows;
  return absl::StrFormat("  %-10s%9s%9s%9s%9s%9s%9s%9s%9s\n", "", "min", "mean", "p50", "p90", "p95", "p99", "p99.9",
                         "max") +
         rows;
}

std::string StatusRows(const Tally& tally) {
  std::string rows;
  for (const auto& [status, count] : tally.statuses) {
    // A server's reason may be any bytes, and this may be a terminal.
    absl::StrAppendFormat(&rows, "    %-36s%10d%12s\n", absl::CHexEscape(status), count,
                          PercentText(count, tally.sent));
    if (const auto message = tally.messages.find(status); message != tally.messages.end()) {
      absl::StrAppendFormat(&rows, "      %s\n", absl::CHexEscape(message->second));
    }
  }
  return rows.empty() ? rows : "  statuses\n" + rows;
}

std::string StepText(const Step& step) {
  const Tally& tally = step.tally;
  std::string text = HeadingText(step);
  absl::StrAppendFormat(&text, "  %-10s%d sent, %d ok (%s), %d good (%s), %d given up\n", "calls", tally.sent, tally.ok,
                        PercentText(tally.ok, tally.sent), tally.good, PercentText(tally.good, tally.sent),
                        tally.given_up);
  absl::StrAppendFormat(&text, "  %-10s%s\n", "goodput", RateText(GoodputPerSecond(step)));
  text += LatencyRows(tally) + StatusRows(tally);
  absl::StrAppendFormat(&text, "  %-10s%d known, %d right (%s), %d crossed\n", "answers", tally.answers_known,
                        tally.answers_right, PercentText(tally.answers_right, tally.answers_known), tally.crossed);
  absl::StrAppendFormat(&text, "  %-10s%.2f of %d cores, lag p50 %s, p99 %s, max %s\n", "client", step.client_cpu,
                        step.client_cores, LatencyText(tally.lag.Percentile(50)), LatencyText(tally.lag.Percentile(99)),
                        LatencyText(tally.lag.Max()));
  for (const std::string& doubt : Doubts(step)) absl::StrAppendFormat(&text, "  %-10s%s\n", "doubt", doubt);
  return text;
}

std::string Table(const std::vector<Step>& steps) {
  std::string text =
      absl::StrFormat("%12s%12s%10s%10s%10s%10s%10s%8s\n", steps.front().offered ? "offered" : "at a time", "goodput",
                      "ok", "good", "p50", "p99", "p99.9", "doubts");
  for (const Step& step : steps) {
    const Tally& tally = step.tally;
    absl::StrAppendFormat(&text, "%12s%12s%10s%10s", LoadText(step), RateText(GoodputPerSecond(step)),
                          PercentText(tally.ok, tally.sent), PercentText(tally.good, tally.sent));
    for (const double percent : {50.0, 99.0, 99.9}) {
      absl::StrAppendFormat(&text, "%10s",
                            tally.ok_latency.count() == 0 ? "-" : LatencyText(tally.ok_latency.Percentile(percent)));
    }
    absl::StrAppendFormat(&text, "%8d\n", Doubts(step).size());
  }
  return text;
}

}  // namespace

std::string ToText(const Report& report) {
  std::string text = absl::StrFormat("%s (%s)\n%s\n", report.target, report.protocol, report.workload);
  for (const Step& step : report.steps) absl::StrAppend(&text, "\n", StepText(step));
  if (report.steps.size() > 1) absl::StrAppend(&text, "\n", Table(report.steps));
  return text;
}

std::string LiveLine(absl::Duration elapsed, const Tally& so_far, double per_second) {
  std::string line = absl::StrFormat("%s  sent %d  ok %d  good %d  %s", SecondsText(elapsed), so_far.sent, so_far.ok,
                                     so_far.good, RateText(per_second));
  if (so_far.ok_latency.count() > 0) {
    absl::StrAppendFormat(&line, "  p50 %s  p99 %s", LatencyText(so_far.ok_latency.Percentile(50)),
                          LatencyText(so_far.ok_latency.Percentile(99)));
  }
  return line;
}

std::string LatencyText(absl::Duration latency) {
  struct Unit {
    absl::Duration length;
    const char* name;
  };
  const std::array<Unit, 3> units = {
      {{absl::Microseconds(1), "us"}, {absl::Milliseconds(1), "ms"}, {absl::Seconds(1), "s"}}};
  double shown = 0;
  const char* name = "";
  for (const Unit& unit : units) {
    shown = absl::FDivDuration(latency, unit.length);
    name = unit.name;
    if (std::abs(shown) < 999.5) break;  // above, three digits would show a thousand
  }
  const double size = std::abs(shown);
  const int decimals = size == 0 || size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return absl::StrFormat("%.*f %s", decimals, shown, name);
}

}  // namespace lqvg::load
