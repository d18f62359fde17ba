#include "manual/man_page.h"

#include <cctype>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace lqvg::manual {
namespace {

// `text` as roff prints it. Unescaped, groff would turn these into typographic characters, which cannot be pasted into
// a shell.
std::string Escaped(const std::string& text) {
  std::string roff;
  for (const char c : text) {
    switch (c) {
      case '\\':
        roff += "\\e";
        break;
      case '-':
        roff += "\\-";
        break;
      case '\'':
        roff += "\\(aq";
        break;
      case '`':
        roff += "\\(ga";
        break;
      case '^':
        roff += "\\(ha";
        break;
      case '~':
        roff += "\\(ti";
        break;
      default:
        roff += c;
    }
  }
  return roff;
}

// A line of its own. A full stop at its beginning would make it a request.
std::string Line(const std::string& text) {
  return absl::StrCat(text.starts_with('.') ? "\\&" : "", Escaped(text), "\n");
}

std::string Bold(const std::string& text) { return absl::StrCat("\\fB", Escaped(text), "\\fR"); }

// Placeholders (runs of capitals) in italics, everything else in bold: "--list FILE".
std::string Synopsis(const std::string& text) {
  std::string roff;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto is_capital = [&text](std::size_t i) { return std::isupper(static_cast<unsigned char>(text[i])) != 0; };
    const bool capitals = is_capital(begin);
    std::size_t end = begin;
    while (end < text.size() && is_capital(end) == capitals) ++end;
    absl::StrAppend(&roff, capitals ? "\\fI" : "\\fB", Escaped(text.substr(begin, end - begin)), "\\fR");
    begin = end;
  }
  return roff;
}

// Paragraphs, separated by empty lines; lines that begin with a space are shown as they are.
std::string Paragraphs(const std::string& text) {
  std::string roff;
  bool as_it_is = false;
  const auto show_as_it_is = [&](bool wanted) {
    if (wanted != as_it_is) roff += wanted ? ".RS\n.nf\n" : ".fi\n.RE\n";
    as_it_is = wanted;
  };
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(text, '\n'))) {
    show_as_it_is(line.starts_with(' '));
    if (!line.empty()) {
      roff += Line(std::string(absl::StripAsciiWhitespace(line)));
    } else if (!roff.empty() && !roff.ends_with(".PP\n")) {
      roff += ".PP\n";
    }
  }
  show_as_it_is(false);
  if (roff.ends_with(".PP\n")) roff.resize(roff.size() - 4);
  return roff;
}

std::string OptionEntry(const Option& option) {
  std::string roff = ".TP\n";
  if (!option.short_name.empty()) absl::StrAppend(&roff, Bold(absl::StrCat("-", option.short_name)), ", ");
  absl::StrAppend(&roff, Bold(absl::StrCat("--", option.name)));
  if (option.can_be_negated) absl::StrAppend(&roff, ", ", Bold(absl::StrCat("--no-", option.name)));
  if (!option.value.empty()) absl::StrAppend(&roff, "=\\fI", Escaped(option.value), "\\fR");
  absl::StrAppend(&roff, "\n", Line(option.help));
  if (!option.default_text.empty()) absl::StrAppend(&roff, ".br\n", Line("Default: " + option.default_text));
  if (!option.variable.empty()) absl::StrAppend(&roff, ".br\nEnvironment: ", Bold(option.variable), "\n");
  return roff;
}

std::string OptionEntries(const std::vector<Option>& options) {
  std::string roff;
  for (const Option& option : options) roff += OptionEntry(option);
  return roff;
}

std::string SynopsisLines(const std::string& name, const std::vector<std::string>& synopses) {
  std::string roff;
  for (const std::string& synopsis : synopses) {
    absl::StrAppend(&roff, roff.empty() ? "" : ".br\n", Bold(name), " ", Synopsis(synopsis), "\n");
  }
  return roff;
}

std::string Commands(const Program& program) {
  std::string roff = ".SH COMMANDS\n";
  for (const Command& command : program.commands) {
    absl::StrAppend(&roff, ".SS ", Escaped(command.name), ": ", Escaped(command.summary), "\n",
                    SynopsisLines(absl::StrCat(program.name, " ", command.name), command.synopses), ".PP\n",
                    Paragraphs(command.explanation), OptionEntries(command.options));
  }
  return roff;
}

std::string Options(const Program& program) {
  std::string roff = absl::StrCat(".SH OPTIONS\n", Paragraphs(program.about_options));
  for (const OptionGroup& group : program.groups) {
    absl::StrAppend(&roff, ".SS ", Escaped(group.title), "\n", OptionEntries(group.options));
  }
  return roff;
}

}  // namespace

std::string ManPage(const Program& program) {
  std::string roff =
      absl::StrCat(".TH ", Escaped(absl::AsciiStrToUpper(program.name)), " 1 \"\" \"", Escaped(program.name), " ",
                   Escaped(program.version), "\" \"lqvg\\-serve\"\n.nh\n.ad l\n",                 //
                   ".SH NAME\n", Escaped(program.name), " \\- ", Escaped(program.summary), "\n",  //
                   ".SH SYNOPSIS\n", SynopsisLines(program.name, program.synopses),               //
                   ".SH DESCRIPTION\n", Paragraphs(program.description));
  if (!program.commands.empty()) roff += Commands(program);
  roff += Options(program);
  for (const Section& section : program.sections) {
    absl::StrAppend(&roff, ".SH ", Escaped(section.title), "\n");
    for (const Entry& entry : section.entries)
      absl::StrAppend(&roff, ".TP\n", Bold(entry.term), "\n", Line(entry.text));
  }
  roff += ".SH EXAMPLES\n";
  for (const Entry& example : program.examples) {
    absl::StrAppend(&roff, roff.ends_with("EXAMPLES\n") ? "" : ".PP\n", Line(example.term), ".PP\n.RS\n.nf\n",
                    Line(example.text), ".fi\n.RE\n");
  }
  return absl::StrCat(roff, ".SH \"SEE ALSO\"\n", Paragraphs(program.see_also));
}

}  // namespace lqvg::manual
