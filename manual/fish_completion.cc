#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "manual/completion.h"

namespace lqvg::manual {
namespace {

std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

std::string ValueOptions(const Option& option) {
  if (option.value.empty()) return "";
  if (!option.choices.empty()) return absl::StrCat(" -x -a ", Quoted(absl::StrJoin(option.choices, " ")));
  switch (OfferFor(option)) {
    case Offer::kFiles:
      return " -r -F";
    case Offer::kFolders:
      return " -x -a '(__fish_complete_directories)'";
    case Offer::kNothing:
      break;
  }
  return " -x";
}

// One line for each way to write the options; `condition` is "" or " -n '...'".
std::string Lines(const std::string& program, const std::vector<Option>& options, const std::string& condition) {
  std::string script;
  for (const Option& option : options) {
    absl::StrAppend(&script, "complete -c ", program, condition, " -l ", option.name,
                    option.short_name.empty() ? "" : " -s ", option.short_name, ValueOptions(option), " -d ",
                    Quoted(FirstSentence(option.help)), "\n");
    if (option.can_be_negated) {
      absl::StrAppend(&script, "complete -c ", program, condition, " -l no-", option.name, " -d 'The opposite'\n");
    }
  }
  return script;
}

}  // namespace

std::string FishCompletion(const Program& program) {
  // Files only where they are asked for.
  std::string script =
      absl::StrCat("# Completion of ", program.name, " for fish.\ncomplete -c ", program.name, " -f\n");
  const std::string command_missing = " -n __fish_use_subcommand";
  std::vector<std::string> names;
  for (const Command& command : program.commands) {
    names.push_back(command.name);
    const std::string condition = absl::StrCat(" -n '__fish_seen_subcommand_from ", command.name, "'");
    absl::StrAppend(&script, "complete -c ", program.name, command_missing, " -a ", command.name, " -d ",
                    Quoted(command.summary), "\n", Lines(program.name, command.options, condition));
    if (command.takes_files) absl::StrAppend(&script, "complete -c ", program.name, condition, " -F\n");
  }
  script += Lines(program.name, program.instead_of_command, command_missing);
  const std::string every_command =
      names.empty() ? "" : absl::StrCat(" -n '__fish_seen_subcommand_from ", absl::StrJoin(names, " "), "'");
  for (const OptionGroup& group : program.groups) script += Lines(program.name, group.options, every_command);
  return script;
}

}  // namespace lqvg::manual
