// The tallies of the threads that a load's calls end on, readable while it runs.
//
// Count is called by its thread alone; Sum by any. The locks are never contended but by Sum.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "absl/time/time.h"
#include "client/load/tally.h"

namespace lqvg::load {

class Ledger {
 public:
  explicit Ledger(int threads);

  // Only calls due from `begin` on and before `end` count: the rest is warm-up.
  void SetWindow(absl::Time begin, absl::Time end);

  void Count(int thread, absl::Time due, const Outcome& outcome);
  Tally Sum() const;

 private:
  struct Page {
    mutable std::mutex mutex;
    Tally tally;
  };
  std::vector<std::unique_ptr<Page>> pages_;
  absl::Time begin_ = absl::InfinitePast(), end_ = absl::InfiniteFuture();
};

}  // namespace lqvg::load
