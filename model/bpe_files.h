// Reads a byte-level BPE from the two files in which Hugging Face keeps one. Blocks on the file system; start-up only.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "model/bpe.h"

namespace lqvg {

// Reads `model_dir`/vocab.json, an object of token to id with ids 0..n-1, and `model_dir`/merges.txt, a merge a line in
// order of rank. INVALID_ARGUMENT names the file and the line or token at fault: a file that cannot be read, JSON that
// is not such an object, an id given twice or left out, a merge of or into a token that the vocabulary lacks, a merge
// given twice, a special token missing.
absl::StatusOr<BpeModel> ReadBpeModel(const std::string& model_dir);

}  // namespace lqvg
