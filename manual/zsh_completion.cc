#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "manual/completion.h"

namespace lqvg::manual {
namespace {

// Between single quotes, for _arguments and _describe, which take colons and brackets as their own.
std::string Quoted(const std::string& text) {
  return absl::StrReplaceAll(text, {{"'", "'\\''"}, {":", "\\:"}, {"[", "\\["}, {"]", "\\]"}, {"\\", "\\\\"}});
}

std::string ValueSpec(const Option& option) {
  if (option.value.empty()) return "";
  std::string action = " ";
  if (OfferFor(option) == Offer::kFiles) action = "_files";
  if (OfferFor(option) == Offer::kFolders) action = "_files -/";
  if (!option.choices.empty()) action = absl::StrCat("(", absl::StrJoin(option.choices, " "), ")");
  return absl::StrCat(":", Quoted(option.value), ":", action);
}

std::string Arguments(const std::vector<Option>& options, bool takes_files, const std::string& indent) {
  std::string script = indent + "_arguments -s :";
  const auto add = [&](const std::string& exclusions, const std::string& word, const Option& option) {
    absl::StrAppend(&script, " \\\n", indent, "  '", exclusions, word, option.value.empty() ? "" : "=", "[",
                    Quoted(FirstSentence(option.help)), "]", ValueSpec(option), "'");
  };
  for (const Option& option : options) {
    const std::string name = "--" + option.name, opposite = "--no-" + option.name;
    add(option.can_be_negated ? absl::StrCat("(", opposite, ")") : "", name, option);
    if (option.can_be_negated) add(absl::StrCat("(", name, ")"), opposite, {.name = "", .help = "The opposite"});
    if (option.short_name.empty()) continue;
    absl::StrAppend(&script, " \\\n", indent, "  '-", option.short_name, option.value.empty() ? "" : "+", "[",
                    Quoted(FirstSentence(option.help)), "]", ValueSpec(option), "'");
  }
  if (takes_files) absl::StrAppend(&script, " \\\n", indent, "  '*:picture or expression:_files'");
  return script + "\n";
}

}  // namespace

std::string ZshCompletion(const Program& program) {
  std::string script = absl::StrCat("#compdef ", program.name, "\n# Completion of ", program.name, " for zsh.\n");
  if (program.commands.empty()) return script + Arguments(WithGroups(program), false, "");

  script += "local -a commands=(\n";
  for (const Command& command : program.commands) {
    absl::StrAppend(&script, "  '", command.name, ":", Quoted(command.summary), "'\n");
  }
  absl::StrAppend(&script, ")\nif (( CURRENT == 2 )); then\n  _describe command commands\n",
                  Arguments(program.instead_of_command, false, "  "), "  return\nfi\n",
                  "shift words\n(( CURRENT-- ))\ncase $words[1] in\n");
  for (const Command& command : program.commands) {
    absl::StrAppend(&script, "  ", command.name, ")\n",
                    Arguments(WithGroups(program, command.options), command.takes_files, "    "), "    ;;\n");
  }
  return script + "esac\n";
}

}  // namespace lqvg::manual
