#include "server/config_text.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/settings.h"

namespace lqvg::serving {
namespace {

constexpr std::size_t kColumns = 100;
constexpr std::size_t kIndent = 6;
constexpr std::size_t kActionColumn = 16;  // of the text behind --check and the like
constexpr std::size_t kOriginColumn = 48;

constexpr const char* kIntroduction =
    R"(Finds what expressions describe in remote-sensing pictures: serves LQVG by gRPC
(lqvg.v1.GroundingService), with grpc.health.v1 and, on a port of their own, Prometheus metrics.

)";

constexpr const char* kClosing =
    R"(
A flag is written --name=value or --name value, a switch --name or --no-name. A flag wins over the
environment variable in the brackets, which wins over the default, which is before it there.
Units: 250ms 5s 2m 1h; 64KiB 16MiB 1GiB.
Exit codes: 0 stopped as asked, 1 the start failed or calls were cut off, 2 wrong configuration,
70 device lost.
)";

void AppendWrapped(const std::string& text, std::string& out) {
  std::size_t column = kColumns + 1;
  for (const std::string& word : std::vector<std::string>(absl::StrSplit(text, ' '))) {
    if (column + 1 + word.size() > kColumns) {
      if (column <= kColumns) out += '\n';
      out.append(kIndent, ' ');
      column = kIndent;
    } else {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  out += '\n';
}

const char* NameOf(Origin origin) {
  switch (origin) {
    case Origin::kDefault:
      return "default";
    case Origin::kEnvironment:
      return "environment";
    case Origin::kFlag:
      break;
  }
  return "flag";
}

}  // namespace

std::string HelpText(const std::string& program) {
  std::string text = absl::StrCat("Usage: ", program, " [--flag=value ...]\n\n", kIntroduction);
  for (const ActionFlag& flag : ActionFlags()) {
    std::string name = absl::StrCat("--", flag.name, flag.action == Action::kHelp ? ", -h" : "");
    name.resize(kActionColumn, ' ');
    absl::StrAppend(&text, "  ", name, flag.help, "\n");
  }
  std::string group;
  for (const Setting& setting : Settings()) {
    if (setting.group != group) {
      group = setting.group;
      absl::StrAppend(&text, "\n", group, "\n");
    }
    const std::string allowed = AllowedText(setting);
    const std::string default_text = DefaultText(setting);
    absl::StrAppend(&text, "  --", setting.name, allowed.empty() ? "" : "=", allowed, "\n");
    AppendWrapped(setting.help, text);
    text.append(kIndent, ' ');
    absl::StrAppend(&text, "[", default_text.empty() ? "empty" : default_text, "; ", EnvironmentNameOf(setting), "]\n");
  }
  return absl::StrCat(text, kClosing);
}

std::string ConfigText(const CommandLine& command_line) {
  std::string text;
  const std::span<const Setting> settings = Settings();
  for (std::size_t i = 0; i < settings.size(); ++i) {
    std::string line = absl::StrCat("--", settings[i].name, "=", ValueText(settings[i], command_line.config));
    line.append(line.size() < kOriginColumn ? kOriginColumn - line.size() : 1, ' ');
    absl::StrAppend(&text, line, "  # ", NameOf(command_line.origins[i]), "\n");
  }
  return text;
}

}  // namespace lqvg::serving
