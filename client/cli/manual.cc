#include "client/cli/manual.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/connection.h"
#include "client/cli/exit_code.h"
#include "client/cli/verb.h"
#include "client/cpp/client.h"

namespace lqvg::cli {
namespace {

manual::Option Describe(const Option& option) {
  manual::Option described{.name = option.name.substr(2), .value = option.value, .help = manual::Sentence(option.help)};
  if (!option.short_name.empty()) described.short_name = option.short_name.substr(1);
  return described;
}

manual::Command Describe(const Verb& verb) {
  // What every verb takes is told once.
  std::vector<Option> own = verb.options;
  std::erase_if(own, [](const Option& option) {
    for (const Option& shared : ConnectionOptions()) {
      if (option.name == shared.name) return true;
    }
    return false;
  });
  return {.name = verb.name,
          .summary = verb.summary,
          .synopses = verb.synopses,
          .explanation = verb.explanation,
          .options = ForManual(own),
          .takes_files = verb.takes_files};
}

}  // namespace

std::vector<manual::Option> ForManual(const std::vector<Option>& options) {
  std::vector<manual::Option> described;
  described.reserve(options.size());
  for (const Option& option : options) described.push_back(Describe(option));
  return described;
}

manual::Program DescribeLqvg() {
  manual::Program program{
      .name = "lqvg",
      .summary = "asks an lqvg-serve server where things are in remote-sensing pictures",
      .version = client::Version(),
      .synopses = {},
      .description =
          "Sends pictures and expressions to a server, lqvg-server(1), and prints a box and a score for each.",
      .about_options =
          "Options stand anywhere between the operands, after the command; behind -- everything is an "
          "operand.",
      .groups = {{.title = "Of every command", .options = ForManual(ConnectionOptions())}},
      .instead_of_command = {{.name = "help", .help = "Show all commands."},
                             {.name = "version", .help = "Print the version."}},
      .sections = {{"ENVIRONMENT",
                    {{"LQVG_SERVER", "The server, where --server is not given."},
                     {"LQVG_CACERT", "Likewise for --cacert."},
                     {"LQVG_CERT", "For --cert."},
                     {"LQVG_KEY", "For --key."},
                     {"LQVG_SERVER_NAME", "For --server-name."},
                     {"LQVG_TOKEN_FILE", "For --token-file."},
                     {"NO_COLOR", "If set, tables have no colours."}}},
                   {"EXIT STATUS", {}}},
      .examples = {{"Where is it? Print a table, and draw the boxes:",
                    "lqvg ground scene.png \"the red ship\" \"the swimming pool\" --draw boxes.png"},
                   {"A whole data set, resumable:", "lqvg ground --list test.csv --out results.jsonl --resume"},
                   {"Is the server ready?", "lqvg health --server grounding.example:50051"}},
      .see_also = "lqvg-server(1)"};
  for (const Verb& verb : Verbs()) {
    program.commands.push_back(Describe(verb));
    for (const std::string& synopsis : verb.synopses) program.synopses.push_back(verb.name + " " + synopsis);
  }
  program.synopses.push_back("--version");
  for (const ExitMeaning& meaning : ExitMeanings()) {
    program.sections.back().entries.push_back({absl::StrCat(meaning.code), manual::Sentence(meaning.text)});
  }
  return program;
}

}  // namespace lqvg::cli
