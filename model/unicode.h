// UTF-8 and the character properties that tokenising needs. The tables' versions are in unicode_tables.h.
//
// Pure functions over constant tables; thread-safe, never block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lqvg::unicode {

// Bytes at the start of `text` that are whole, valid code points: text.size() if and only if `text` is UTF-8.
// Overlong forms, surrogates, values above U+10FFFF and cut off sequences are not valid (Unicode, table 3-7).
std::size_t ValidUtf8Prefix(std::string_view text);

// A code point and the bytes it takes in UTF-8.
struct CodePoint {
  std::uint32_t value;
  std::size_t length;
};

// The first code point of `text`, which must be valid UTF-8 and not empty.
CodePoint First(std::string_view text);

// The last code point of `text`, which must be valid UTF-8 and not empty.
CodePoint Last(std::string_view text);

// Appends the UTF-8 of `code_point`.
void Append(std::uint32_t code_point, std::string& text);

// How GPT-2's splitting pattern sees a code point: \p{L}, \p{N}, \s, and all the rest.
enum class SplitClass { kLetter, kNumber, kSpace, kOther };
SplitClass SplitClassOf(std::uint32_t code_point);

// Python's text.lower(), `text` being valid UTF-8.
std::string PythonLower(std::string_view text);

// Python's " ".join(text.split()), `text` being valid UTF-8.
std::string PythonJoinSplit(std::string_view text);

}  // namespace lqvg::unicode
