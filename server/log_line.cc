#include "server/log_line.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace lqvg::serving {
namespace {

// Bytes of the UTF-8 sequence that `text` begins with; 0 when it begins with none.
std::size_t SequenceLength(std::string_view text) {
  const auto at = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xc2 ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  if (first == 0xe0 && at(1) < 0xa0) return 0;
  if (first == 0xed && at(1) >= 0xa0) return 0;
  if (first == 0xf0 && at(1) < 0x90) return 0;
  if (first == 0xf4 && at(1) >= 0x90) return 0;
  return length;
}

// The code point of one well-formed UTF-8 sequence.
char32_t CodePointOf(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first;
  char32_t code = first & (0x7fu >> sequence.size());
  for (const char next : sequence.substr(1)) code = code << 6 | (static_cast<unsigned char>(next) & 0x3f);
  return code;
}

// What would let a value reach beyond itself where the log is read: control characters, some of which end a line or
// drive a terminal; U+2028 and U+2029, at which some readers break lines; and marks that turn the direction of text.
bool IsUnsafe(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

bool IsSafeUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    if (length == 0 || IsUnsafe(CodePointOf(text.substr(0, length)))) return false;
    text.remove_prefix(length);
  }
  return true;
}

// As a JSON string. Bytes that are not UTF-8 become U+FFFD.
void AppendQuoted(std::string_view text, std::string& line) {
  line += '"';
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    const std::string_view sequence = text.substr(0, length);
    if (length == 0) {
      line += "\\ufffd";
    } else if (sequence == "\n") {
      line += "\\n";
    } else if (IsUnsafe(CodePointOf(sequence))) {
      absl::StrAppendFormat(&line, "\\u%04x", static_cast<unsigned>(CodePointOf(sequence)));
    } else {
      if (sequence == "\"" || sequence == "\\") line += '\\';
      line += sequence;
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  line += '"';
}

// Whether `name=text` can be read in one way only.
bool IsPlainWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '='; });
}

std::string NumberText(double number) { return std::isfinite(number) ? absl::StrFormat("%.6g", number) : "null"; }

void AppendValue(const LogField& field, bool quote_words, std::string& line) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    if (quote_words || !IsPlainWord(*text)) {
      AppendQuoted(*text, line);
    } else {
      line += *text;
    }
  } else if (const auto* integer = std::get_if<std::int64_t>(&field.value)) {
    absl::StrAppend(&line, *integer);
  } else {
    line += NumberText(std::get<double>(field.value));
  }
}

}  // namespace

std::string RenderText(std::string_view message, std::span<const LogField> fields) {
  std::string line;
  if (IsSafeUtf8(message)) {
    line = message;
  } else {
    AppendQuoted(message, line);
  }
  for (const LogField& field : fields) {
    absl::StrAppend(&line, " ", field.name, "=");
    AppendValue(field, /*quote_words=*/false, line);
  }
  return line;
}

std::string RenderJsonMembers(std::string_view message, std::span<const LogField> fields) {
  std::string line = "\"msg\":";
  AppendQuoted(message, line);
  for (const LogField& field : fields) {
    absl::StrAppend(&line, ",\"", field.name, "\":");
    AppendValue(field, /*quote_words=*/true, line);
  }
  return line;
}

}  // namespace lqvg::serving
