// What a manual page and the completion of shells are made from: a program, told once, as plain data.
//
// server/manual.h and client/cli/manual.h tell their programs from the tables that their parsers read, so that neither
// page nor completion can fall behind the program. Text is plain, in sentences; the writers escape it.
#pragma once

#include <string>
#include <vector>

namespace lqvg::manual {

struct Option {
  std::string name;                       // "drain-delay"
  std::string value = {};                 // what may be written: "DIR", "text|json", "0s..1h"; empty: nothing
  std::string help = {};                  // sentences
  std::string default_text = {};          // as a person would say it; empty: not told
  std::string variable = {};              // of the environment, or empty
  std::string short_name = {};            // "i", or empty
  std::vector<std::string> choices = {};  // all that the value may be, where a shell can offer them
  bool can_be_negated = false;            // --no-name is its opposite
};

struct OptionGroup {
  std::string title;
  std::vector<Option> options;
};

// A word that decides what the program does, such as `ground` of `lqvg ground`.
struct Command {
  std::string name;
  std::string summary;                // without a full stop
  std::vector<std::string> synopses;  // what may follow the name
  std::string explanation;            // paragraphs; a line that begins with a space is shown as it is
  std::vector<Option> options;        // its own, beside those of Program::groups
  bool takes_files = false;           // its operands may be files
};

struct Entry {
  std::string term;
  std::string text;
};

// "EXIT STATUS" and the like: a list of terms.
struct Section {
  std::string title;
  std::vector<Entry> entries;
};

struct Program {
  std::string name;
  std::string summary;  // behind the name and a dash, without a full stop
  std::string version;
  std::vector<std::string> synopses;            // without the program's name
  std::string description;                      // paragraphs
  std::string about_options;                    // paragraphs before the groups
  std::vector<OptionGroup> groups;              // of every command, if there are commands
  std::vector<Command> commands = {};           // empty: the program does one thing
  std::vector<Option> instead_of_command = {};  // where there are commands: what may stand in their place
  std::vector<Section> sections;
  std::vector<Entry> examples;  // term: what for; text: the command line
  std::string see_also;
};

// `own`, followed by the options of the groups: what may be written for a command, or, without commands, at all.
std::vector<Option> WithGroups(const Program& program, std::vector<Option> own = {});

// What a shell offers for `option`'s value, beside its choices.
enum class Offer { kNothing, kFiles, kFolders };
Offer OfferFor(const Option& option);

// "Print version and commit, exit." of "print version and commit, exit".
std::string Sentence(std::string text);

// The first sentence of `help`, without its full stop: what fits beside a completion.
std::string FirstSentence(const std::string& help);

}  // namespace lqvg::manual
