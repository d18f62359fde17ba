#include <array>
#include <charconv>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/load/report.h"

namespace lqvg::load {
namespace {

constexpr char kLineEnd[] = "\r\n";  // RFC 4180

// Whatever the locale, and read back as the same number.
std::string NumberField(double number) {
  if (!std::isfinite(number)) return "";
  std::array<char, 32> digits;
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr};
}

std::string SecondsField(absl::Duration duration) { return NumberField(absl::ToDoubleSeconds(duration)); }

std::string PercentileField(const LatencyHistogram& histogram, double percent) {
  return histogram.count() == 0 ? "" : SecondsField(histogram.Percentile(percent));
}

std::string TextField(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

struct Column {
  const char* name;
  std::string (*field)(const Report& report, const Step& step);
};

// Each line says what it is of, so that the files of several loads can be put together.
constexpr Column kColumns[] = {
    {"target", [](const Report& report, const Step&) { return TextField(report.target); }},
    {"protocol", [](const Report& report, const Step&) { return TextField(report.protocol); }},
    {"workload", [](const Report& report, const Step&) { return TextField(report.workload); }},
    {"offered_per_second",
     [](const Report&, const Step& step) { return step.offered ? NumberField(*step.offered) : ""; }},
    {"concurrency",
     [](const Report&, const Step& step) { return step.concurrency ? absl::StrCat(*step.concurrency) : ""; }},
    {"duration_seconds", [](const Report&, const Step& step) { return SecondsField(step.duration); }},
    {"sent", [](const Report&, const Step& step) { return absl::StrCat(step.tally.sent); }},
    {"ok", [](const Report&, const Step& step) { return absl::StrCat(step.tally.ok); }},
    {"good", [](const Report&, const Step& step) { return absl::StrCat(step.tally.good); }},
    {"given_up", [](const Report&, const Step& step) { return absl::StrCat(step.tally.given_up); }},
    {"goodput_per_second", [](const Report&, const Step& step) { return NumberField(GoodputPerSecond(step)); }},
    {"latency_p50_seconds", [](const Report&, const Step& step) { return PercentileField(step.tally.ok_latency, 50); }},
    {"latency_p90_seconds", [](const Report&, const Step& step) { return PercentileField(step.tally.ok_latency, 90); }},
    {"latency_p95_seconds", [](const Report&, const Step& step) { return PercentileField(step.tally.ok_latency, 95); }},
    {"latency_p99_seconds", [](const Report&, const Step& step) { return PercentileField(step.tally.ok_latency, 99); }},
    {"latency_p99_9_seconds",
     [](const Report&, const Step& step) { return PercentileField(step.tally.ok_latency, 99.9); }},
    {"latency_max_seconds",
     [](const Report&, const Step& step) {
       return step.tally.ok_latency.count() == 0 ? "" : SecondsField(step.tally.ok_latency.Max());
     }},
    {"answers_known", [](const Report&, const Step& step) { return absl::StrCat(step.tally.answers_known); }},
    {"answers_right", [](const Report&, const Step& step) { return absl::StrCat(step.tally.answers_right); }},
    {"crossed", [](const Report&, const Step& step) { return absl::StrCat(step.tally.crossed); }},
    {"client_cpu_cores", [](const Report&, const Step& step) { return NumberField(step.client_cpu); }},
    {"client_cores", [](const Report&, const Step& step) { return absl::StrCat(step.client_cores); }},
    {"lag_p99_seconds", [](const Report&, const Step& step) { return PercentileField(step.tally.lag, 99); }},
    {"doubts", [](const Report&, const Step& step) { return TextField(absl::StrJoin(Doubts(step), " ")); }},
};

}  // namespace

std::string ToCsv(const Report& report) {
  std::string text = absl::StrCat(
      absl::StrJoin(kColumns, ",", [](std::string* line, const Column& column) { absl::StrAppend(line, column.name); }),
      kLineEnd);
  for (const Step& step : report.steps) {
    const auto append = [&](std::string* line, const Column& column) {
      absl::StrAppend(line, column.field(report, step));
    };
    absl::StrAppend(&text, absl::StrJoin(kColumns, ",", append), kLineEnd);
  }
  return text;
}

}  // namespace lqvg::load
