#include "client/load/workload.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "train/scenes/random.h"

namespace lqvg::load {
namespace {

using scenes::Random;

// How many pictures of RSVG-HR's training list have 1, 2, ... expressions there: 2151 expressions of 1381 pictures.
//   awk -F, '{ ++of[$1] } END { for (p in of) ++n[of[p]]; for (c in n) print c, n[c] }' rsvg_hr_train.txt | sort -n
constexpr std::array<int, 6> kRsvgHrPictures = {841, 360, 139, 33, 7, 1};
constexpr int kRsvgHrSum = std::accumulate(kRsvgHrPictures.begin(), kRsvgHrPictures.end(), 0);

// [0, 1) in 53 bits; that of `random` has the 24 of a float.
double Unit(Random& random) { return static_cast<double>(random.Next() >> 11) * 0x1p-53; }

int RsvgHrCount(Random& random) {
  int left = random.Below(kRsvgHrSum), count = 1;
  for (const int pictures : kRsvgHrPictures) {
    if (left < pictures) break;
    left -= pictures;
    ++count;
  }
  return count;
}

absl::Duration Timeout(const WorkloadOptions& options, Random& random) {
  const std::int64_t least = absl::ToInt64Microseconds(options.min_timeout);
  const std::int64_t most = absl::ToInt64Microseconds(options.max_timeout);
  const auto more = static_cast<std::int64_t>(Unit(random) * static_cast<double>(most - least + 1));
  return absl::Microseconds(least + more);
}

// The first `count` of a shuffle of 0 .. among - 1.
std::vector<std::size_t> Choose(std::size_t count, std::size_t among, Random& random) {
  std::vector<std::size_t> chosen(among);
  std::iota(chosen.begin(), chosen.end(), 0);
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(chosen[i], chosen[i + static_cast<std::size_t>(random.Below(static_cast<int>(among - i)))]);
  }
  chosen.resize(count);
  return chosen;
}

}  // namespace

Workload::Workload(const std::vector<Picture>& pictures, const WorkloadOptions& options)
    : pictures_(pictures), options_(options), cumulative_(pictures.size()) {
  double sum = 0;
  for (std::size_t i = 0; i < cumulative_.size(); ++i) {
    cumulative_[i] = sum += std::pow(static_cast<double>(i + 1), -options_.zipf);
  }
  for (double& popularity : cumulative_) popularity /= sum;  // the last one: exactly 1
}

PlannedCall Workload::Plan(std::uint64_t index) const {
  // An engine of 8 bytes for each call: std::mt19937_64 takes microseconds to seed. What takes a varying number of
  // draws comes last, and every call draws the rest whether it needs it or not: so calls that are cancelled, or a
  // longer timeout, leave the pictures and expressions of a load as they are.
  Random random(scenes::Scramble(scenes::Scramble(options_.seed) + index));
  PlannedCall call;
  call.index = index;
  call.picture = static_cast<std::size_t>(std::upper_bound(cumulative_.begin(), cumulative_.end(), Unit(random)) -
                                          cumulative_.begin());
  call.timeout = Timeout(options_, random);

  const double fate = Unit(random), after = Unit(random);
  call.kills = fate < options_.killed;
  if (fate < options_.killed + options_.cancelled) call.give_up = options_.cancel_within * after;

  const int drawn = RsvgHrCount(random);
  const int wanted = options_.counts == ExpressionCounts::kRsvgHr ? drawn : options_.expressions;
  const std::size_t questions = pictures_[call.picture].questions.size();
  call.questions = Choose(std::min(static_cast<std::size_t>(std::max(wanted, 1)), questions), questions, random);
  return call;
}

}  // namespace lqvg::load
