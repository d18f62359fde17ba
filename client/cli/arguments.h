// Reads a command line by a table of options, which also makes the help text.
//
// `--name VALUE`, `--name=VALUE`, `-n VALUE` and flags without a value, anywhere between the operands; after `--`
// everything is an operand, and `-` alone is one. Stateless and thread-safe. Every error is INVALID_ARGUMENT with a
// message for the person who typed.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace lqvg::cli {

struct Option {
  std::string name;             // "--server"
  std::string value;            // what the help calls its value; empty: a flag
  std::string help;             // one line
  std::string short_name = {};  // "-s", or empty
};

// One piece of the command line, in the order typed.
struct Argument {
  std::string option;  // the option's long name; empty: an operand
  std::string value;   // empty for a flag
};

class Arguments {
 public:
  explicit Arguments(std::vector<Argument> in_order) : in_order_(std::move(in_order)) {}

  const std::vector<Argument>& in_order() const { return in_order_; }
  bool Has(const std::string& option) const;
  // The last value given for `option`, else `otherwise`.
  std::string Value(const std::string& option, const std::string& otherwise = "") const;

 private:
  std::vector<Argument> in_order_;
};

// Splits `words` by `options`.
absl::StatusOr<Arguments> ParseArguments(const std::vector<std::string>& words, const std::vector<Option>& options);

// Lines for the help text, "  -i, --image FILE   ..." with the explanations aligned.
std::string DescribeOptions(const std::vector<Option>& options);

// Values. `option` is named in the error.
absl::StatusOr<absl::Duration> ParseTimeout(const std::string& option,
                                            const std::string& text);                          // "10s", "500ms", to 24h
absl::StatusOr<std::uint32_t> ParseCount(const std::string& option, const std::string& text);  // 0 and above
absl::StatusOr<std::uint32_t> ParseCount(const std::string& option, const std::string& text, std::uint32_t least,
                                         std::uint32_t most);
absl::StatusOr<float> ParseNumber(const std::string& option, const std::string& text);

}  // namespace lqvg::cli
