#include "server/rate_limit.h"

#include <algorithm>
#include <utility>

namespace lqvg::serving {

std::optional<std::uint64_t> RateLimit::Admit(TimePoint now) {
  if (!filled_at_ || now - *filled_at_ >= interval_ * burst_) {
    tokens_ = burst_;
    filled_at_ = now;
  } else {
    const auto intervals = (now - *filled_at_) / interval_;
    // Not `now`: the part of an interval that has passed counts for the next token.
    *filled_at_ += interval_ * intervals;
    tokens_ = std::min(burst_, tokens_ + static_cast<int>(intervals));
  }
  if (tokens_ == 0) {
    ++refused_;
    return std::nullopt;
  }
  --tokens_;
  return std::exchange(refused_, 0);
}

}  // namespace lqvg::serving
