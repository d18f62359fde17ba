// Tables of character properties, written by tools/make_unicode_tables.py.
//
// What stands for Python's str methods is Unicode 14.0 (Python 3.11). What stands for the classes of GPT-2's splitting
// pattern is as the `tokenizers` package 0.23.3 treats every code point; that differs from Unicode 14.0 only on code
// points which 14.0 does not assign. Constant data; model/unicode.h is the way to ask it.
#pragma once

#include <cstdint>
#include <span>

namespace lqvg::unicode {

// Inclusive. Tables are sorted and their ranges do not touch.
struct CodePointRange {
  std::uint32_t first;
  std::uint32_t last;
};

// first, first + stride, ..., last: the lower case of each is itself + delta. Sorted by first, disjoint.
struct LowerRun {
  std::uint32_t first;
  std::uint32_t last;
  std::uint32_t stride;
  std::int32_t delta;
};

extern const std::span<const CodePointRange> kLetters;
extern const std::span<const CodePointRange> kNumbers;
extern const std::span<const CodePointRange> kWhiteSpace;
extern const std::span<const CodePointRange> kPythonSpace;
extern const std::span<const CodePointRange> kCaseIgnorable;
extern const std::span<const CodePointRange> kCased;
extern const std::span<const LowerRun>
    kLower;  // without U+03A3 and U+0130, whose lower case is not one fixed character

}  // namespace lqvg::unicode
