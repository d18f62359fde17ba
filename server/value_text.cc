#include "server/value_text.h"

#include <limits>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace lqvg::serving {
namespace {

struct ByteUnit {
  const char* name;
  std::uint64_t bytes;
};
constexpr ByteUnit kByteUnits[] = {{"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}};

struct TimeUnit {
  const char* name;
  Duration duration;
};
constexpr TimeUnit kTimeUnits[] = {{"h", std::chrono::hours(1)},         {"m", std::chrono::minutes(1)},
                                   {"s", std::chrono::seconds(1)},       {"ms", std::chrono::milliseconds(1)},
                                   {"us", std::chrono::microseconds(1)}, {"ns", std::chrono::nanoseconds(1)}};

bool IsDigits(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

absl::StatusOr<Duration> ParseDuration(const std::string& text) {
  absl::Duration parsed;
  // ParseDuration of absl also reads signs and "inf".
  if (text.empty() || std::string(".0123456789").find(text[0]) == std::string::npos ||
      !absl::ParseDuration(text, &parsed)) {
    return absl::InvalidArgumentError("not a duration: write it as 250ms, 5s or 2m");
  }
  return absl::ToChronoNanoseconds(parsed);
}

std::string FormatDuration(Duration duration) {
  if (duration == Duration::zero()) return "0s";
  for (const TimeUnit& unit : kTimeUnits) {
    if (duration % unit.duration == Duration::zero()) return absl::StrCat(duration / unit.duration, unit.name);
  }
  return absl::StrCat(duration.count(), "ns");
}

absl::StatusOr<std::uint64_t> ParseBytes(const std::string& text) {
  std::uint64_t unit_bytes = 1;
  std::string digits = text;
  for (const ByteUnit& unit : kByteUnits) {
    if (text.ends_with(unit.name)) {
      unit_bytes = unit.bytes;
      digits.resize(text.size() - std::string(unit.name).size());
    }
  }
  std::uint64_t number = 0;
  if (!IsDigits(digits) || !absl::SimpleAtoi(digits, &number) ||
      number > std::numeric_limits<std::uint64_t>::max() / unit_bytes) {
    return absl::InvalidArgumentError("not a number of bytes: write it as 65536, 64KiB, 16MiB or 1GiB");
  }
  return number * unit_bytes;
}

std::string FormatBytes(std::uint64_t bytes) {
  for (const ByteUnit& unit : kByteUnits) {
    if (bytes != 0 && bytes % unit.bytes == 0) return absl::StrCat(bytes / unit.bytes, unit.name);
  }
  return absl::StrCat(bytes);
}

absl::StatusOr<std::uint64_t> ParseCount(const std::string& text) {
  std::uint64_t number = 0;
  if (!IsDigits(text) || !absl::SimpleAtoi(text, &number)) return absl::InvalidArgumentError("not a whole number");
  return number;
}

absl::StatusOr<bool> ParseSwitch(const std::string& text) {
  for (const char* yes : {"true", "yes", "on", "1"}) {
    if (absl::EqualsIgnoreCase(text, yes)) return true;
  }
  for (const char* no : {"false", "no", "off", "0"}) {
    if (absl::EqualsIgnoreCase(text, no)) return false;
  }
  return absl::InvalidArgumentError("neither true nor false");
}

}  // namespace lqvg::serving
