#include "train/curves/axis_ticks.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace lqvg::curves {
namespace {

// The distance of ticks: 1, 2 or 5 times a power of ten.
double StepOf(const Range& range, int wanted) {
  const double rough = (range.high - range.low) / std::max(wanted, 1);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power * 1.0001) return factor * power;
  }
  return 10 * power;
}

// "1.0e-04" is "1e-04".
std::string WithoutZeros(std::string number) {
  const std::size_t point = number.find('.'), exponent = number.find('e');
  if (point == std::string::npos) return number;
  std::size_t end = number.find_last_not_of('0', exponent - 1) + 1;
  if (end == point + 1) end = point;
  return number.erase(end, exponent - end);
}

// `step` is the distance to the next label: what is smaller than it is not worth a digit.
std::string LabelOf(double at, double step) {
  if (std::abs(at) < step / 2) return "0";
  const double size = std::abs(at);
  if (size < 1e-3 || size >= 1e9) {
    const int digits =
        std::max(0, static_cast<int>(std::floor(std::log10(size)) - std::floor(std::log10(step) + 1e-9)));
    return WithoutZeros(absl::StrFormat("%.*e", digits, at));
  }
  double divisor = 1;
  const char* unit = "";
  if (size >= 1e6 || step >= 1e5) {
    divisor = 1e6, unit = "M";
  } else if (size >= 1e4 || step >= 1e3) {
    divisor = 1e3, unit = "k";
  }
  const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step / divisor) + 1e-9)));
  return absl::StrFormat("%.*f%s", decimals, at / divisor, unit);
}

std::string PowerLabel(double at) {
  if (at >= 1e-3 && at < 1e6) return absl::StrFormat("%g", at);
  return absl::StrFormat("%.0e", at);
}

}  // namespace

std::vector<Tick> LinearTicks(const Range& range, int wanted) {
  const double step = StepOf(range, wanted);
  const double slack = 1e-9 * (range.high - range.low);  // what rounding does to a tick on the edge
  std::vector<Tick> ticks;
  const auto first = static_cast<std::int64_t>(std::ceil((range.low - slack) / step));
  for (std::int64_t i = first; static_cast<double>(i) * step <= range.high + slack; ++i) {
    const double at = static_cast<double>(i) * step;
    ticks.push_back({at, LabelOf(at, step)});
  }
  return ticks;
}

std::vector<Tick> LogTicks(const Range& range) {
  const int first = static_cast<int>(std::floor(std::log10(range.low) - 1e-9));
  const int last = static_cast<int>(std::ceil(std::log10(range.high) + 1e-9));
  const auto is_inside = [&](double at) { return at >= range.low * (1 - 1e-9) && at <= range.high * (1 + 1e-9); };
  std::vector<Tick> ticks;
  int powers = 0;
  for (int power = first; power <= last; ++power) {
    for (int factor = 1; factor < 10; ++factor) {
      const double at = factor * std::pow(10, power);
      if (!is_inside(at)) continue;
      if (factor == 1) ++powers;
      ticks.push_back({at, factor == 1 || factor == 2 || factor == 5 ? PowerLabel(at) : ""});
    }
  }
  if (powers >= 2) {
    const int every = std::max(1, (powers + 7) / 8);  // labels that would touch each other help nobody
    for (Tick& tick : ticks) {
      const double power = std::log10(tick.at);
      const bool is_power = std::abs(power - std::round(power)) < 1e-6;
      if (!is_power || std::lround(power) % every != 0) tick.label.clear();
    }
  }
  const auto labelled = std::ranges::count_if(ticks, [](const Tick& tick) { return !tick.label.empty(); });
  return labelled >= 2 ? ticks : LinearTicks(range, 4);
}

Range RoundedOut(const Range& range, int wanted) {
  const double step = StepOf(range, wanted);
  return {std::floor(range.low / step + 1e-9) * step, std::ceil(range.high / step - 1e-9) * step};
}

}  // namespace lqvg::curves
