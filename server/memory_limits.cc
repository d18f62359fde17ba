#include "server/memory_limits.h"

#include <algorithm>

namespace lqvg::serving {

void MemoryLimit::Ran(int count, TimePoint now) {
  if (count < limit_) return;
  if (raised_from_) {
    raised_from_.reset();
    proven_at_ = now;
  }
  if (limit_ == configured_ || now < raise_at_) return;
  raised_from_ = limit_;
  proven_at_.reset();
  limit_ = std::min(2 * limit_, configured_);
  // Not wait_: this limit was good, and after a shortage that is over the way up has several steps.
  raise_at_ = now + kShortestWait;
}

void MemoryLimit::DidNotFit(int count, TimePoint now) {
  if (raised_from_ || proven_at_) {  // else it belongs to the last failure: a batch that is halved more than once
    const bool lasted = proven_at_ && now - *proven_at_ >= wait_;
    wait_ = lasted ? kShortestWait : std::min(2 * wait_, kLongestWait);
  }
  limit_ = IsUnproven(count) ? *raised_from_ : std::min(limit_, (count + 1) / 2);
  raised_from_.reset();
  proven_at_.reset();
  raise_at_ = now + wait_;
}

void MemoryLimits::Ran(const Counts& batch, TimePoint now) {
  images_.Ran(batch.images, now);
  expressions_.Ran(batch.expressions, now);
}

bool MemoryLimits::DidNotFit(const Counts& batch, TimePoint now) {
  const int at_once = std::min(batch.expressions, expressions_.value());
  const bool images_unproven = images_.IsUnproven(batch.images);
  const bool expressions_unproven = expressions_.IsUnproven(at_once);
  const bool either_unproven = images_unproven || expressions_unproven;
  const bool images_at_fault = either_unproven ? images_unproven : batch.images > 1;
  const bool expressions_at_fault = either_unproven ? expressions_unproven : !images_at_fault && at_once > 1;
  if (images_at_fault) images_.DidNotFit(batch.images, now);
  if (expressions_at_fault) expressions_.DidNotFit(at_once, now);
  return images_at_fault || expressions_at_fault;
}

}  // namespace lqvg::serving
