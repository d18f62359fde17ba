// What --help and --print-config print, made from the table of settings.
//
// Stateless and thread-safe.
#pragma once

#include <string>

#include "server/config.h"

namespace lqvg::serving {

// All flags by group, with what they may be, their defaults and environment variables; lines of at most 100 columns.
std::string HelpText(const std::string& program);

// The effective configuration as flags, one a line, each with its origin in a comment: `--listen=[::1]:1  # flag`.
std::string ConfigText(const CommandLine& command_line);

}  // namespace lqvg::serving
