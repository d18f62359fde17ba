#include "client/load/ledger.h"

namespace lqvg::load {

Ledger::Ledger(int threads) {
  for (int i = 0; i < threads; ++i) pages_.push_back(std::make_unique<Page>());
}

void Ledger::SetWindow(absl::Time begin, absl::Time end) { begin_ = begin, end_ = end; }

void Ledger::Count(int thread, absl::Time due, const Outcome& outcome) {
  if (due < begin_ || due >= end_) return;
  Page& page = *pages_[static_cast<std::size_t>(thread)];
  const std::lock_guard lock(page.mutex);
  page.tally.Count(outcome);
}

Tally Ledger::Sum() const {
  Tally sum;
  for (const std::unique_ptr<Page>& page : pages_) {
    const std::lock_guard lock(page->mutex);
    sum.Add(page->tally);
  }
  return sum;
}

}  // namespace lqvg::load
