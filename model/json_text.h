// How the readers of a model directory show what they found in a JSON file: on one line, short, in ASCII.
//
// Pure functions, thread-safe. No torch.
#pragma once

#include <string>
#include <string_view>

#include "nlohmann/json_fwd.hpp"

namespace lqvg {

// A number, text or word as JSON writes it, cut after 100 bytes; "an array" or "an object" for what holds others, which
// may be nested as deeply as the file is long.
std::string ShownValue(const nlohmann::json& value);

// A key or name without its quotes, cut after 100 bytes.
std::string ShownName(std::string_view name);

}  // namespace lqvg
