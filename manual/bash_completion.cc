#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "manual/completion.h"

namespace lqvg::manual {
namespace {

// The words that the option may be written as; "--name=" if a value follows.
std::vector<std::string> WordsOf(const Option& option) {
  std::vector<std::string> words = {absl::StrCat("--", option.name, option.value.empty() ? "" : "=")};
  if (option.can_be_negated) words.push_back("--no-" + option.name);
  return words;
}

std::string Reply(const std::string& what) {
  return absl::StrCat("mapfile -t COMPREPLY < <(compgen ", what, " -- \"$word\")");
}

std::string ValueReply(const Option& option) {
  if (!option.choices.empty()) return Reply(absl::StrCat("-W '", absl::StrJoin(option.choices, " "), "'")) + "\n      ";
  switch (OfferFor(option)) {
    case Offer::kFiles:
      return "compopt -o filenames\n      " + Reply("-f") + "\n      ";
    case Offer::kFolders:
      return "compopt -o filenames\n      " + Reply("-d") + "\n      ";
    case Offer::kNothing:
      break;
  }
  return "";
}

// The values of options, then their names, then operands. Leaves the function.
std::string CompleteOptions(const std::vector<Option>& options, bool takes_files) {
  // Options that offer the same stand together, in the order of their first.
  std::vector<std::pair<std::string, std::vector<std::string>>> values;
  std::vector<std::string> words;
  for (const Option& option : options) {
    for (const std::string& word : WordsOf(option)) words.push_back(word);
    if (option.value.empty()) continue;
    const std::string reply = ValueReply(option);
    auto place = values.begin();
    while (place != values.end() && place->first != reply) ++place;
    if (place == values.end()) place = values.insert(place, {reply, {}});
    place->second.push_back("--" + option.name);
    if (!option.short_name.empty()) place->second.push_back("-" + option.short_name);
  }
  std::string script = "  case $before in\n";
  for (const auto& [reply, names] : values) {
    absl::StrAppend(&script, "    ", absl::StrJoin(names, " | "), ")\n      ", reply, "return ;;\n");
  }
  absl::StrAppend(&script, "  esac\n");
  if (takes_files) {
    absl::StrAppend(&script, "  if [[ $word != -* ]]; then\n    compopt -o filenames\n    ", Reply("-f"),
                    "\n    return\n  fi\n");
  }
  return absl::StrCat(script, "  ", Reply(absl::StrCat("-W '", absl::StrJoin(words, " "), "'")), "\n",
                      "  if [[ ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi\n");
}

std::string CompleteCommands(const Program& program) {
  std::vector<std::string> words;
  for (const Command& command : program.commands) words.push_back(command.name);
  for (const Option& option : program.instead_of_command) words.push_back("--" + option.name);
  std::string script =
      absl::StrCat("  if ((COMP_CWORD == 1)); then\n    ", Reply(absl::StrCat("-W '", absl::StrJoin(words, " "), "'")),
                   "\n    return\n  fi\n", "  case ${COMP_WORDS[1]} in\n");
  for (const Command& command : program.commands) {
    const std::string body = CompleteOptions(WithGroups(program, command.options), command.takes_files);
    absl::StrAppend(&script, "    ", command.name, ")\n    ", absl::StrReplaceAll(body, {{"\n", "\n    "}}), ";;\n");
  }
  return script + "  esac\n";
}

}  // namespace

std::string BashCompletion(const Program& program) {
  const std::string function = absl::StrCat("_", absl::StrReplaceAll(program.name, {{"-", "_"}}));
  const std::string body =
      program.commands.empty() ? CompleteOptions(WithGroups(program), false) : CompleteCommands(program);
  return absl::StrCat("# Completion of ", program.name, " for bash.\n", function, R"(() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  # Bash makes the equals sign of --name=value a word of its own.
  if [[ $word == = ]]; then
    word=
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
)",
                      body, "}\ncomplete -F ", function, " ", program.name, "\n");
}

}  // namespace lqvg::manual
