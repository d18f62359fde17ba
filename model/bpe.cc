#include "model/bpe.h"

#include <algorithm>

namespace lqvg {

bool BpeSequence::RunsAfter(const Candidate& a, const Candidate& b) {
  return a.merge.rank != b.merge.rank ? a.merge.rank > b.merge.rank : a.at > b.at;
}

void BpeSequence::QueueMerge(std::int32_t left) {
  const std::int32_t right = symbols_[left].next;
  if (right == kNone) return;
  const TokenPair pair{symbols_[left].token, symbols_[right].token};
  const auto merge = model_.merges.find(pair);
  if (merge == model_.merges.end()) return;
  queue_.push_back({merge->second, left, pair});
  std::push_heap(queue_.begin(), queue_.end(), RunsAfter);
}

void BpeSequence::Apply(const Candidate& candidate) {
  Symbol& left = symbols_[candidate.at];
  if (left.token != candidate.pair.left || left.next == kNone) return;
  Symbol& right = symbols_[left.next];
  if (right.token != candidate.pair.right) return;

  left.token = candidate.merge.token;
  left.next = right.next;
  right.token = BpeModel::kNoToken;
  if (left.next != kNone) symbols_[left.next].previous = candidate.at;
  if (left.previous != kNone) QueueMerge(left.previous);
  QueueMerge(candidate.at);
}

void BpeSequence::AppendPiece(std::string_view piece) {
  symbols_.clear();
  for (const char byte : piece) {
    const std::int32_t token = model_.byte_tokens[static_cast<std::uint8_t>(byte)];
    if (token == BpeModel::kNoToken) continue;
    const auto index = static_cast<std::int32_t>(symbols_.size());
    symbols_.push_back({token, index - 1, index + 1});
  }
  if (symbols_.empty()) return;
  symbols_.back().next = kNone;

  const auto last = static_cast<std::int32_t>(symbols_.size()) - 1;
  for (std::int32_t left = 0; left < last; ++left) QueueMerge(left);
  while (!queue_.empty()) {
    std::pop_heap(queue_.begin(), queue_.end(), RunsAfter);
    const Candidate candidate = queue_.back();
    queue_.pop_back();
    Apply(candidate);
  }
  for (std::int32_t at = 0; at != kNone; at = symbols_[at].next) tokens_.push_back(symbols_[at].token);
}

}  // namespace lqvg
