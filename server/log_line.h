// One line of the log: a message and named values, as text for people or as JSON for machines.
//
// Stateless and thread-safe. Whatever a message or a value holds, a line stays one line of valid UTF-8, and the value
// stays the value of its own name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace lqvg::serving {

struct LogField {
  const char* name;  // snake_case, with a unit; unique in its line
  std::variant<std::string_view, std::int64_t, double> value;
};

// `message name=value name="a value"`.
std::string RenderText(std::string_view message, std::span<const LogField> fields);

// `"msg":"message","name":"value","number":1`: members of a JSON object, without its braces.
std::string RenderJsonMembers(std::string_view message, std::span<const LogField> fields);

}  // namespace lqvg::serving
