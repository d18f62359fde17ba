// Any bytes -> NormalizeExpression and Tokenizer::Encode, with the demo's small vocabulary and with RoBERTa's.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "image/rejection.h"
#include "model/tokenizer.h"
#include "model/unicode.h"
#include "tests/fuzz/fuzz_target.h"

namespace lqvg::fuzz {
namespace {

using Tokens = std::vector<std::int32_t>;

// A tokenizer, and the tokens of <s>, </s> and <pad> in its vocabulary.
struct Vocabulary {
  explicit Vocabulary(const std::string& directory) {
    auto loaded = Tokenizer::Load(directory);
    Require(loaded.ok(), "the files of the tokenizer can be read");
    tokenizer = *std::move(loaded);
    const Tokens padding = tokenizer->Encode("<pad>").value();
    Require(padding.size() == 3, "<pad> stands for itself");
    begin = padding[0], pad = padding[1], end = padding[2];
  }

  std::unique_ptr<const Tokenizer> tokenizer;
  std::int32_t begin, pad, end;
};

Tokens Encode(const Vocabulary& vocabulary, std::string_view text) {
  const absl::StatusOr<Tokens> encoded = vocabulary.tokenizer->Encode(text);
  Require(encoded.ok(), "every UTF-8 text has tokens");
  const Tokens& tokens = *encoded;
  Require(tokens.size() >= 2 && tokens.front() == vocabulary.begin && tokens.back() == vocabulary.end,
          "the tokens begin with <s> and end with </s>");
  Require(tokens.size() <= text.size() + 2, "there are no more tokens than bytes");
  for (const std::int32_t token : tokens) {
    Require(token >= 0 && token < vocabulary.tokenizer->vocabulary_size(), "every token is in the vocabulary");
  }
  return tokens;
}

// A special token in the text cuts it: what stands before and behind it is encoded as if it stood alone.
void RequireThatPadCuts(const Vocabulary& vocabulary, std::string_view before, std::string_view behind) {
  Tokens expected = Encode(vocabulary, before);
  expected.back() = vocabulary.pad;
  const Tokens rest = Encode(vocabulary, behind);
  expected.insert(expected.end(), rest.begin() + 1, rest.end());
  std::string text(before);
  text += "<pad>";
  text += behind;
  Require(Encode(vocabulary, text) == expected, "a special token cuts the text");
}

void Tokenize(std::string_view text) {
  static const Vocabulary demo(LQVG_SOURCE_DIR "/models/demo");
  static const Vocabulary roberta(LQVG_SOURCE_DIR "/tests/reference/roberta-base");
  const absl::StatusOr<std::string> normalized = NormalizeExpression(text);
  for (const Vocabulary* const vocabulary : {&demo, &roberta}) {
    if (!normalized.ok()) {
      RequireRejection(normalized.status());
      Require(ReasonOf(normalized.status()) == "MALFORMED_REQUEST", "what is not UTF-8 is malformed");
      Require(vocabulary->tokenizer->Encode(text).status() == normalized.status(), "both refuse what is not UTF-8");
      continue;
    }
    const Tokens tokens = Encode(*vocabulary, *normalized);
    Require(Encode(*vocabulary, *normalized) == tokens, "the same text has the same tokens");
    Encode(*vocabulary, text);
    const std::string_view whole(*normalized);
    std::size_t half = unicode::ValidUtf8Prefix(whole.substr(0, whole.size() / 2));
    RequireThatPadCuts(*vocabulary, whole.substr(0, half), whole.substr(half));
  }
  if (normalized.ok()) {
    Require(NormalizeExpression(*normalized).value() == *normalized, "normalising twice changes nothing more");
  }
}

}  // namespace
}  // namespace lqvg::fuzz

// Called by the fuzzer before the first input, which else would be charged with loading: seconds on a busy machine.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  lqvg::fuzz::Tokenize("");
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lqvg::fuzz::Tokenize({reinterpret_cast<const char*>(data), size});
  return 0;
}
