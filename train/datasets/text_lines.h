// The lines of a data set's text file, and the numbers in them.
//
// Stateless and thread-safe; ReadWhole blocks while it reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace lqvg::datasets {

// The file's bytes. Errors name the file: NOT_FOUND if it cannot be opened, INVALID_ARGUMENT if it cannot be read or is
// longer than `max_bytes`.
absl::StatusOr<std::string> ReadWhole(const std::string& path, std::size_t max_bytes);

struct TextLine {
  std::size_t number = 0;  // from 1
  std::string_view text;   // without its "\n"; a "\r" before that stays, as white space
};

// The lines that hold more than white space. A byte order mark at the beginning is passed over. Views into `text`.
std::vector<TextLine> LinesOf(std::string_view text);

// Without the ASCII white space around it.
std::string Trimmed(std::string_view text);

// A finite decimal number and nothing else but white space around it.
std::optional<float> ParseNumber(std::string_view text);

// A whole number from 0 on and nothing else but white space around it.
std::optional<std::uint64_t> ParseIndex(std::string_view text);

// For messages: the field in quotes, in ASCII, cut after 60 bytes.
std::string Shown(std::string_view field);

}  // namespace lqvg::datasets
