// NUL-separated strings, as in /proc/self/cmdline and /proc/self/environ, -> the server's configuration: those that
// begin with LQVG_ are its environment, the others its arguments.
#include <string>
#include <string_view>
#include <vector>

#include "server/config.h"
#include "server/config_text.h"
#include "server/settings.h"
#include "tests/fuzz/fuzz_target.h"

namespace lqvg::serving {
namespace {

using fuzz::Require;

struct Start {
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
};

Start SplitAtNul(std::string_view text) {
  Start start;
  while (!text.empty()) {
    const std::string_view entry = text.substr(0, text.find('\0'));
    text.remove_prefix(std::min(entry.size() + 1, text.size()));
    (entry.starts_with("LQVG_") ? start.environment : start.arguments).emplace_back(entry);
  }
  return start;
}

void RequireLines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    fuzz::RequireReadable(line);
    Require(line.find('\n') == std::string::npos, "a fault is told on one line");
  }
}

// What --print-config shows can be given back as flags.
void RequireSame(const Config& config, const CommandLine& again) {
  Require(again.errors.empty(), "a printed value is accepted");
  for (const Setting& setting : Settings()) {
    Require(ValueText(setting, config) == ValueText(setting, again.config), "a printed value means the same again");
  }
}

void Configure(std::string_view text) {
  const Start start = SplitAtNul(text);
  CommandLine read = ParseCommandLine(start.arguments, start.environment);
  RequireLines(read.errors);
  RequireLines(read.warnings);
  Require(read.origins.size() == Settings().size(), "every setting has an origin");
  if (!read.errors.empty()) return;

  std::vector<std::string> flags;
  for (const Setting& setting : Settings()) {
    flags.push_back(std::string("--") + setting.name + "=" + ValueText(setting, read.config));
  }
  RequireSame(read.config, ParseCommandLine(flags, {}));
  Require(!ConfigText(read).empty(), "the configuration can be printed");
  ResolveConfig({.cores = 2, .memory_bytes = std::uint64_t{1} << 30}, read.config);
  RequireLines(CheckConfig(read.config));
}

}  // namespace
}  // namespace lqvg::serving

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lqvg::serving::Configure({reinterpret_cast<const char*>(data), size});
  return 0;
}
