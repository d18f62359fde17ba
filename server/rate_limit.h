// A token bucket: how often something may happen that others can cause.
//
// Not thread-safe: its owner guards it. Time is passed in.
#pragma once

#include <cstdint>
#include <optional>

#include "server/clock.h"

namespace lqvg::serving {

class RateLimit {
 public:
  // `burst` at once, and `per_second` on average; both at least 1.
  RateLimit(int per_second, int burst) : interval_(Duration(std::chrono::seconds(1)) / per_second), burst_(burst) {}

  // Whether it may happen at `now`: then how many have been refused since the last time it might; else nothing. `now`
  // must not go back.
  std::optional<std::uint64_t> Admit(TimePoint now);

 private:
  const Duration interval_;  // in which one token comes
  const int burst_;
  int tokens_ = 0;
  std::optional<TimePoint> filled_at_;  // until when the tokens are counted; unset: the bucket is full
  std::uint64_t refused_ = 0;
};

}  // namespace lqvg::serving
