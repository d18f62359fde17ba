// How values are written in flags and environment variables: 5s, 16MiB, 256.
//
// Stateless and thread-safe. Every Format writes what its Parse reads.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "server/clock.h"

namespace lqvg::serving {

// Errors are INVALID_ARGUMENT and say what would be right, without repeating the text.

// A number and a unit, or several: "250ms", "1.5s", "1m30s"; "0" needs no unit. Not negative.
absl::StatusOr<Duration> ParseDuration(const std::string& text);
// With the largest unit that divides it: "90s", "2m", "0s".
std::string FormatDuration(Duration duration);

// A whole number, alone for bytes or followed by KiB, MiB or GiB.
absl::StatusOr<std::uint64_t> ParseBytes(const std::string& text);
// With the largest unit that divides it.
std::string FormatBytes(std::uint64_t bytes);

// Decimal digits.
absl::StatusOr<std::uint64_t> ParseCount(const std::string& text);

// true, false, yes, no, on, off, 1, 0, in any case.
absl::StatusOr<bool> ParseSwitch(const std::string& text);

}  // namespace lqvg::serving
