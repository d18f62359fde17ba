// RoBERTa's byte-level BPE: UTF-8 text to token ids, equal to Hugging Face's RobertaTokenizerFast.
//
// Immutable after Load and thread-safe. No torch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace lqvg {

// " ".join(text.lower().split()) with Python's meaning of lower() and split() on Unicode (version in
// unicode_tables.h). INVALID_ARGUMENT when `text` is not UTF-8.
absl::StatusOr<std::string> NormalizeExpression(std::string_view text);

class Tokenizer {
 public:
  // Reads `vocab.json` and `merges.txt` of a model directory. INVALID_ARGUMENT names the file and what is wrong in it.
  static absl::StatusOr<std::unique_ptr<const Tokenizer>> Load(const std::string& model_dir);
  ~Tokenizer();

  // Ids of `normalized` (any valid UTF-8; NormalizeExpression is the caller's business) between <s> and </s>.
  // Never truncates. INVALID_ARGUMENT when it is not UTF-8.
  absl::StatusOr<std::vector<std::int32_t>> Encode(std::string_view normalized) const;

  int vocabulary_size() const;

 private:
  struct State;
  explicit Tokenizer(std::unique_ptr<const State> state);
  std::unique_ptr<const State> state_;
};

}  // namespace lqvg
