#include "model/unicode.h"

#include <algorithm>
#include <array>
#include <span>

#include "model/unicode_tables.h"

namespace lqvg::unicode {
namespace {

constexpr std::uint32_t kCapitalSigma = 0x3A3;
constexpr std::uint32_t kSmallSigma = 0x3C3;
constexpr std::uint32_t kFinalSigma = 0x3C2;
constexpr std::uint32_t kCapitalIWithDot = 0x130;
constexpr std::uint32_t kCombiningDotAbove = 0x307;

std::uint8_t ByteAt(std::string_view text, std::size_t at) { return static_cast<std::uint8_t>(text[at]); }

bool IsContinuation(std::uint8_t byte) { return (byte & 0xC0) == 0x80; }

bool Contains(std::span<const CodePointRange> ranges, std::uint32_t code_point) {
  const auto range = std::lower_bound(ranges.begin(), ranges.end(), code_point,
                                      [](const CodePointRange& r, std::uint32_t c) { return r.last < c; });
  return range != ranges.end() && range->first <= code_point;
}

// Length of the sequence that `lead` opens and the values its second byte may have; length 0: no lead byte.
// The narrower second bytes shut out overlong forms (E0, F0), surrogates (ED) and what exceeds U+10FFFF (F4).
struct SequenceShape {
  std::size_t length;
  std::uint8_t second_min = 0x80;
  std::uint8_t second_max = 0xBF;
};

SequenceShape ShapeOf(std::uint8_t lead) {
  if (lead < 0x80) return {1};
  if (lead < 0xC2) return {0};
  if (lead < 0xE0) return {2};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead < 0xF0) return {3};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead < 0xF4) return {4};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0};
}

// Bytes of the valid code point at the start of `text`, 0 when there is none.
std::size_t ValidSequenceLength(std::string_view text) {
  const SequenceShape shape = ShapeOf(ByteAt(text, 0));
  if (shape.length > text.size()) return 0;
  for (std::size_t i = 1; i < shape.length; ++i) {
    const std::uint8_t byte = ByteAt(text, i);
    if (!IsContinuation(byte)) return 0;
    if (i == 1 && (byte < shape.second_min || byte > shape.second_max)) return 0;
  }
  return shape.length;
}

SplitClass LookUpSplitClass(std::uint32_t code_point) {
  if (Contains(kLetters, code_point)) return SplitClass::kLetter;
  if (Contains(kNumbers, code_point)) return SplitClass::kNumber;
  if (Contains(kWhiteSpace, code_point)) return SplitClass::kSpace;
  return SplitClass::kOther;
}

// Lower case of a code point whose lower case is a single fixed one.
std::uint32_t SimpleLower(std::uint32_t code_point) {
  const auto run = std::lower_bound(kLower.begin(), kLower.end(), code_point,
                                    [](const LowerRun& r, std::uint32_t c) { return r.last < c; });
  if (run == kLower.end() || code_point < run->first || (code_point - run->first) % run->stride != 0) return code_point;
  return code_point + static_cast<std::uint32_t>(run->delta);
}

// The two halves of Unicode's Final_Sigma condition. Each looks through one run of case-ignorable characters, which
// a capital sigma is not, so a whole text costs linear time however many sigmas it has.
bool CasedPrecedes(std::string_view before) {
  while (!before.empty()) {
    const CodePoint c = Last(before);
    if (!Contains(kCaseIgnorable, c.value)) return Contains(kCased, c.value);
    before.remove_suffix(c.length);
  }
  return false;
}

bool CasedFollows(std::string_view after) {
  while (!after.empty()) {
    const CodePoint c = First(after);
    if (!Contains(kCaseIgnorable, c.value)) return Contains(kCased, c.value);
    after.remove_prefix(c.length);
  }
  return false;
}

bool IsPythonSpace(std::uint32_t code_point) {
  if (code_point > ' ' && code_point < 0x7F) return false;
  return Contains(kPythonSpace, code_point);
}

}  // namespace

std::size_t ValidUtf8Prefix(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = ValidSequenceLength(text.substr(at));
    if (length == 0) break;
    at += length;
  }
  return at;
}

CodePoint First(std::string_view text) {
  const std::uint32_t lead = ByteAt(text, 0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  std::uint32_t value = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) value = value << 6 | (ByteAt(text, i) & 0x3F);
  return {value, length};
}

CodePoint Last(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (IsContinuation(ByteAt(text, at))) --at;
  return First(text.substr(at));
}

void Append(std::uint32_t code_point, std::string& text) {
  const auto continuation = [](std::uint32_t bits) { return static_cast<char>(0x80 | (bits & 0x3F)); };
  if (code_point < 0x80) {
    text.push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    text.push_back(static_cast<char>(0xC0 | code_point >> 6));
    text.push_back(continuation(code_point));
  } else if (code_point < 0x10000) {
    text.push_back(static_cast<char>(0xE0 | code_point >> 12));
    text.push_back(continuation(code_point >> 6));
    text.push_back(continuation(code_point));
  } else {
    text.push_back(static_cast<char>(0xF0 | code_point >> 18));
    text.push_back(continuation(code_point >> 12));
    text.push_back(continuation(code_point >> 6));
    text.push_back(continuation(code_point));
  }
}

SplitClass SplitClassOf(std::uint32_t code_point) {
  static const std::array<SplitClass, 128> ascii = [] {
    std::array<SplitClass, 128> classes{};
    for (std::uint32_t c = 0; c < classes.size(); ++c) classes[c] = LookUpSplitClass(c);
    return classes;
  }();
  return code_point < ascii.size() ? ascii[code_point] : LookUpSplitClass(code_point);
}

std::string PythonLower(std::string_view text) {
  std::string lower;
  lower.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = First(text.substr(at));
    if (c.value == kCapitalSigma) {
      const bool is_final = CasedPrecedes(text.substr(0, at)) && !CasedFollows(text.substr(at + c.length));
      Append(is_final ? kFinalSigma : kSmallSigma, lower);
    } else if (c.value == kCapitalIWithDot) {
      Append('i', lower);
      Append(kCombiningDotAbove, lower);
    } else {
      Append(SimpleLower(c.value), lower);
    }
    at += c.length;
  }
  return lower;
}

std::string PythonJoinSplit(std::string_view text) {
  std::string joined;
  joined.reserve(text.size());
  bool is_word_open = false;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = First(text.substr(at));
    const bool is_space = IsPythonSpace(c.value);
    if (!is_space) {
      if (!is_word_open && !joined.empty()) joined.push_back(' ');
      joined.append(text.substr(at, c.length));
    }
    is_word_open = !is_space;
    at += c.length;
  }
  return joined;
}

}  // namespace lqvg::unicode
