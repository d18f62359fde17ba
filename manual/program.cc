#include "manual/program.h"

#include <cstddef>

#include "absl/strings/ascii.h"

namespace lqvg::manual {

std::vector<Option> WithGroups(const Program& program, std::vector<Option> own) {
  for (const OptionGroup& group : program.groups) own.insert(own.end(), group.options.begin(), group.options.end());
  return own;
}

Offer OfferFor(const Option& option) {
  if (option.value == "DIR") return Offer::kFolders;
  for (const char* const file : {"FILE", "OUT", "RESULTS"}) {
    if (option.value == file) return Offer::kFiles;
  }
  return Offer::kNothing;
}

std::string Sentence(std::string text) {
  if (!text.empty()) text[0] = absl::ascii_toupper(static_cast<unsigned char>(text[0]));
  return text.ends_with('.') ? text : text + ".";
}

std::string FirstSentence(const std::string& help) {
  const std::size_t end = help.find(". ");
  if (end != std::string::npos) return help.substr(0, end);
  return help.ends_with('.') ? help.substr(0, help.size() - 1) : help;
}

}  // namespace lqvg::manual
