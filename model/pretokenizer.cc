#include "model/pretokenizer.h"

#include <array>

#include "model/unicode.h"

namespace lqvg {
namespace {

using unicode::CodePoint;
using unicode::SplitClass;

constexpr std::array<std::string_view, 7> kContractions = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};

// Bytes of the longest run of `wanted` at the start of `text`.
std::size_t RunLength(std::string_view text, SplitClass wanted) {
  std::size_t length = 0;
  while (length < text.size()) {
    const CodePoint c = unicode::First(text.substr(length));
    if (unicode::SplitClassOf(c.value) != wanted) break;
    length += c.length;
  }
  return length;
}

// \s+(?!\S)|\s+ : the last space before a word is left to the word, unless it is all there is.
std::size_t SpacePieceLength(std::string_view text) {
  const std::size_t run = RunLength(text, SplitClass::kSpace);
  if (run == text.size()) return run;
  const std::size_t last = unicode::Last(text.substr(0, run)).length;
  return run > last ? run - last : run;
}

}  // namespace

std::size_t FirstPieceLength(std::string_view text) {
  for (const std::string_view contraction : kContractions) {
    if (text.starts_with(contraction)) return contraction.size();
  }
  // Of all white space only U+0020 may open the piece of a word.
  const std::size_t space = text.front() == ' ' && text.size() > 1 ? 1 : 0;
  const SplitClass word_class = unicode::SplitClassOf(unicode::First(text.substr(space)).value);
  if (word_class == SplitClass::kSpace) return SpacePieceLength(text);
  return space + RunLength(text.substr(space), word_class);
}

}  // namespace lqvg
