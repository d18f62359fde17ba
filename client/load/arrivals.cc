#include "client/load/arrivals.h"

#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "files/file_bytes.h"

namespace lqvg::load {
namespace {

constexpr std::size_t kMaxReplayBytes = 256u << 20;  // some ten million arrivals

// Above it a time was most likely not counted from the start, but is that of a clock: a load would wait for decades.
constexpr absl::Duration kLongestReplay = absl::Hours(7 * 24);

// The time that a line of a replay says, or what is wrong with it.
absl::StatusOr<absl::Duration> ParseArrival(absl::string_view line, double speed) {
  double seconds = 0;
  if (!absl::SimpleAtod(line, &seconds) || !(seconds >= 0)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", line, "\" is not a number of seconds, 0 or more"));
  }
  const absl::Duration arrival = absl::Seconds(seconds / speed);
  if (arrival > kLongestReplay) {
    return absl::InvalidArgumentError(absl::StrCat("\"", line, "\" is more than a week after the start"));
  }
  return arrival;
}

}  // namespace

Arrivals Arrivals::Poisson(double rate, std::uint64_t seed) {
  Arrivals arrivals(Kind::kPoisson);
  arrivals.rate_ = rate;
  arrivals.random_.seed(seed);
  return arrivals;
}

Arrivals Arrivals::Constant(double rate) {
  Arrivals arrivals(Kind::kConstant);
  arrivals.rate_ = rate;
  return arrivals;
}

absl::StatusOr<Arrivals> Arrivals::Replay(const std::string& path, double speed) {
  const absl::StatusOr<std::string> text = ReadBytes(path, kMaxReplayBytes);
  if (!text.ok()) return text.status();
  Arrivals arrivals(Kind::kReplay);
  std::size_t number = 0;
  absl::string_view before;
  for (const absl::string_view whole : absl::StrSplit(*text, '\n')) {
    ++number;
    const absl::string_view line = absl::StripAsciiWhitespace(whole);
    if (line.empty() || line.front() == '#') continue;
    const absl::StatusOr<absl::Duration> arrival = ParseArrival(line, speed);
    if (!arrival.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ":", number, ": ", arrival.status().message()));
    }
    if (!arrivals.recorded_.empty() && *arrival < arrivals.recorded_.back()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ":", number, ": \"", line, "\" is earlier than \"", before, "\", the one before it"));
    }
    arrivals.recorded_.push_back(*arrival);
    before = line;
  }
  if (arrivals.recorded_.empty()) return absl::InvalidArgumentError(absl::StrCat(path, " holds no arrivals"));
  return arrivals;
}

std::optional<absl::Duration> Arrivals::Next() {
  switch (kind_) {
    case Kind::kPoisson: {
      // By inversion, since what std::exponential_distribution draws is each library's own affair. 53 bits: [0, 1).
      const double unit = static_cast<double>(random_() >> 11) * 0x1p-53;
      last_ += absl::Seconds(-std::log1p(-unit) / rate_);
      break;
    }
    case Kind::kConstant:
      // From the count: a sum of rounded gaps would drift by up to 0.1 ms in a million calls.
      last_ = absl::Seconds(static_cast<double>(next_) / rate_);
      break;
    case Kind::kReplay:
      if (next_ == recorded_.size()) return std::nullopt;
      last_ = recorded_[next_];
      break;
  }
  ++next_;
  return last_;
}

}  // namespace lqvg::load
