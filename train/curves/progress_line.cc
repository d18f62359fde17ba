#include "train/curves/progress_line.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace lqvg::curves {
namespace {

bool IsKnown(double rate) { return std::isfinite(rate) && rate > 0; }

}  // namespace

std::string NumberText(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  if (const double size = std::abs(number); size >= 100 && size < 1e6) return absl::StrFormat("%.0f", number);
  return absl::StrFormat("%.3g", number);
}

std::string CountText(std::int64_t count) {
  constexpr std::array<const char*, 4> kUnits = {"", "k", "M", "G"};
  double shown = static_cast<double>(count);
  std::size_t unit = 0;
  // From 999.5 on, three digits would show a thousand.
  while (std::abs(shown) >= (unit == 0 ? 1000 : 999.5) && unit + 1 < kUnits.size()) {
    shown /= 1000;
    ++unit;
  }
  return unit == 0 ? absl::StrCat(count) : absl::StrFormat("%.3g%s", shown, kUnits[unit]);
}

std::string DurationText(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  if (std::round(seconds) < 60) return absl::StrFormat("%.0f s", seconds);
  const auto minutes = std::llround(seconds / 60);
  if (minutes < 60) return absl::StrFormat("%d min", minutes);
  if (minutes < 24 * 60) return absl::StrFormat("%d h %02d min", minutes / 60, minutes % 60);
  const auto hours = std::llround(seconds / 3600);
  return absl::StrFormat("%d d %02d h", hours / 24, hours % 24);
}

std::optional<double> SecondsLeft(std::int64_t steps_left, double samples_per_step, double samples_per_second) {
  if (!IsKnown(samples_per_second)) return std::nullopt;
  return static_cast<double>(steps_left) * samples_per_step / samples_per_second;
}

std::string ProgressLine(const Progress& progress) {
  std::string line = absl::StrCat("step ", progress.step);
  if (progress.steps > 0) absl::StrAppend(&line, "/", progress.steps);
  absl::StrAppend(&line, "  ", CountText(progress.samples), " samples");
  if (progress.loss) absl::StrAppend(&line, "  loss ", NumberText(*progress.loss));
  const char* separator = progress.loss ? " (" : "  (";
  for (const auto& [name, value] : progress.parts) {
    absl::StrAppend(&line, separator, name, " ", NumberText(value));
    separator = ", ";
  }
  if (!progress.parts.empty()) line += ")";
  for (const auto& [name, value] : progress.others) absl::StrAppend(&line, "  ", name, " ", NumberText(value));
  if (IsKnown(progress.samples_per_second)) {
    absl::StrAppend(&line, "  ", NumberText(progress.samples_per_second), " samples/s");
  }
  if (progress.seconds_left) absl::StrAppend(&line, "  ", DurationText(*progress.seconds_left), " left");
  return line;
}

}  // namespace lqvg::curves
