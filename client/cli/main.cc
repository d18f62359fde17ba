// The command line of lqvg-serve: picks the verb, and answers --help, --version and mistakes in one way for all.
#include <google/protobuf/stubs/logging.h>

#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/cli/verb.h"
#include "client/cpp/client.h"

namespace lqvg::cli {
namespace {

std::string GeneralHelp(const std::vector<Verb>& verbs) {
  std::string text = "lqvg: asks an lqvg-serve server where things are in remote-sensing pictures.\n\nusage:\n";
  for (const Verb& verb : verbs) {
    for (const std::string& synopsis : verb.synopses) text += "  lqvg " + verb.name + " " + synopsis + "\n";
    text += "      " + verb.summary + "\n";
  }
  text += "  lqvg --version\n  lqvg VERB --help\n\nexit codes:\n";
  for (const ExitMeaning& meaning : ExitMeanings()) {
    text += absl::StrFormat("  %-5d%s\n", meaning.code, meaning.text);
  }
  return text;
}

std::string VerbHelp(const Verb& verb) {
  std::string text = "usage:\n";
  for (const std::string& synopsis : verb.synopses) text += "  lqvg " + verb.name + " " + synopsis + "\n";
  return text + "\n" + verb.explanation + "\noptions:\n" + DescribeOptions(verb.options);
}

ExitCode UsageError(const std::string& message, const std::string& help_command) {
  std::cerr << "lqvg: " << message << "\nsee " << help_command << "\n";
  return kUsageError;
}

ExitCode RunVerb(const Verb& verb, const std::vector<std::string>& words) {
  const std::string help_command = "lqvg " + verb.name + " --help";
  const auto arguments = ParseArguments(words, verb.options);
  if (!arguments.ok()) return UsageError(std::string(arguments.status().message()), help_command);
  if (arguments->Has("--help")) {
    std::cout << VerbHelp(verb);
    return kSuccess;
  }
  const auto code = verb.run(*arguments);
  return code.ok() ? *code : UsageError(std::string(code.status().message()), help_command);
}

ExitCode Run(const std::vector<std::string>& words) {
  const std::vector<Verb> verbs = Verbs();
  if (words.empty()) {
    std::cerr << GeneralHelp(verbs);
    return kUsageError;
  }
  const std::string& first = words[0];
  if (first == "--help" || first == "-h") {
    std::cout << GeneralHelp(verbs);
    return kSuccess;
  }
  if (first == "--version") {
    std::cout << "lqvg " << client::Version() << "\n";
    return kSuccess;
  }
  for (const Verb& verb : verbs) {
    if (verb.name == first) return RunVerb(verb, {words.begin() + 1, words.end()});
  }
  return UsageError("there is no verb '" + first + "'", "lqvg --help");
}

}  // namespace
}  // namespace lqvg::cli

int main(int argc, char** argv) {
  // protobuf complains on standard error of text that is not UTF-8; the server's answer says so in our words.
  google::protobuf::SetLogHandler(nullptr);
  const lqvg::cli::ExitCode code = lqvg::cli::Run({argv + 1, argv + argc});
  std::cout.flush();
  if (code == lqvg::cli::kSuccess && !std::cout) {
    std::cerr << "lqvg: cannot write to standard output\n";
    return lqvg::cli::kUsageError;
  }
  return code;
}
