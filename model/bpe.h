// Byte-pair encoding: the vocabulary's merges, and the sequence of tokens that they make of bytes.
//
// BpeModel is plain data, constant once loaded, so any number of threads may read it. A BpeSequence belongs to one
// call. Nothing blocks.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace lqvg {

// A pair of tokens side by side.
struct TokenPair {
  std::int32_t left;
  std::int32_t right;
  friend bool operator==(const TokenPair&, const TokenPair&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const TokenPair& pair) {
    return H::combine(std::move(state), pair.left, pair.right);
  }
};

// What a pair becomes. Lower ranks go first.
struct Merge {
  std::int32_t rank;
  std::int32_t token;
};

// Ids of the tokens that are not made of text.
struct SpecialTokens {
  std::int32_t begin;    // <s>
  std::int32_t end;      // </s>
  std::int32_t pad;      // <pad>
  std::int32_t unknown;  // <unk>
  std::int32_t mask;     // <mask>
};

struct BpeModel {
  static constexpr std::int32_t kNoToken = -1;

  std::array<std::int32_t, 256> byte_tokens;  // the token of each byte alone, kNoToken where there is none
  absl::flat_hash_map<TokenPair, Merge> merges;
  SpecialTokens special;
  int vocabulary_size = 0;
};

// Token ids under construction, with the working memory of merging.
class BpeSequence {
 public:
  // `model` must outlive the sequence.
  explicit BpeSequence(const BpeModel& model) : model_(model) {}

  void AppendToken(std::int32_t token) { tokens_.push_back(token); }

  // Appends what merging makes of `piece`: always the pair of lowest rank, the leftmost of equals. Bytes without a
  // token are left out before merging, as the reference does. O(n log n) in the bytes of `piece`.
  void AppendPiece(std::string_view piece);

  std::vector<std::int32_t> TakeTokens() { return std::move(tokens_); }

 private:
  // A token of the piece at hand, linked to its neighbours by index; kNone where there is no neighbour.
  struct Symbol {
    std::int32_t token;
    std::int32_t previous;
    std::int32_t next;
  };
  // A merge that was possible when it was queued; it still is if the tokens are the same.
  struct Candidate {
    Merge merge;
    std::int32_t at;  // index of the left symbol
    TokenPair pair;
  };
  static constexpr std::int32_t kNone = -1;

  static bool RunsAfter(const Candidate& a, const Candidate& b);
  void QueueMerge(std::int32_t left);
  void Apply(const Candidate& candidate);

  const BpeModel& model_;
  std::vector<std::int32_t> tokens_;
  std::vector<Symbol> symbols_;   // of the piece at hand; index 0 is never merged away
  std::vector<Candidate> queue_;  // a heap, first to run on top
};

}  // namespace lqvg
