// When calls are sent in an open loop: by a clock that does not wait for answers, so that a server that stalls is asked
// all the same and the stall is measured (no coordinated omission).
//
// Used by the pacing thread alone. Deterministic by seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace lqvg::load {

class Arrivals {
 public:
  // `rate`: calls per second on the average, above 0. The first call of a constant rate is at 0, that of a Poisson
  // process after a gap like any other.
  static Arrivals Poisson(double rate, std::uint64_t seed);
  static Arrivals Constant(double rate);

  // Replays recorded arrivals: one per line, seconds since the start, ascending ("0.0125"); blank lines and lines that
  // begin with # are passed over. `speed`, above 0; 2: twice as fast. NOT_FOUND: no such file. PERMISSION_DENIED: it
  // cannot be read. RESOURCE_EXHAUSTED: more than 256 MiB. INVALID_ARGUMENT names file, line, and what it holds: no
  // number, one earlier than that before it or more than a week (at this speed) after the start; or no line holds one.
  static absl::StatusOr<Arrivals> Replay(const std::string& path, double speed);

  // When the next call is to be sent, since the start; never before the one before it. Nothing: a replay is over.
  std::optional<absl::Duration> Next();

 private:
  enum class Kind : std::uint8_t { kPoisson, kConstant, kReplay };
  explicit Arrivals(Kind kind) : kind_(kind) {}

  Kind kind_;
  double rate_ = 1;
  std::mt19937_64 random_;
  std::vector<absl::Duration> recorded_;
  std::size_t next_ = 0;  // how many were given
  absl::Duration last_ = absl::ZeroDuration();
};

}  // namespace lqvg::load
