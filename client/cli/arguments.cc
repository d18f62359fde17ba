#include "client/cli/arguments.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace lqvg::cli {
namespace {

const Option* Find(const std::vector<Option>& options, const std::string& name) {
  const auto found = std::find_if(options.begin(), options.end(), [&](const Option& option) {
    return option.name == name || (!option.short_name.empty() && option.short_name == name);
  });
  return found == options.end() ? nullptr : &*found;
}

bool LooksLikeOption(const std::string& word) { return word.size() > 1 && word[0] == '-'; }

std::string Heading(const Option& option) {
  return absl::StrCat(option.short_name.empty() ? "    " : absl::StrCat(option.short_name, ", "), option.name,
                      option.value.empty() ? "" : " ", option.value);
}

}  // namespace

bool Arguments::Has(const std::string& option) const {
  return std::any_of(in_order_.begin(), in_order_.end(), [&](const Argument& a) { return a.option == option; });
}

std::string Arguments::Value(const std::string& option, const std::string& otherwise) const {
  const auto last =
      std::find_if(in_order_.rbegin(), in_order_.rend(), [&](const Argument& a) { return a.option == option; });
  return last == in_order_.rend() ? otherwise : last->value;
}

absl::StatusOr<Arguments> ParseArguments(const std::vector<std::string>& words, const std::vector<Option>& options) {
  std::vector<Argument> parsed;
  bool options_ended = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (options_ended || !LooksLikeOption(word)) {
      parsed.push_back({"", word});
      continue;
    }
    if (word == "--") {
      options_ended = true;
      continue;
    }
    const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
    const std::string name = word.substr(0, equals);
    const Option* option = Find(options, name);
    if (option == nullptr) return absl::InvalidArgumentError(absl::StrCat("there is no option ", name));
    if (option->value.empty()) {
      if (equals != std::string::npos) return absl::InvalidArgumentError(absl::StrCat(name, " takes no value"));
      parsed.push_back({option->name, ""});
    } else if (equals != std::string::npos) {
      parsed.push_back({option->name, word.substr(equals + 1)});
    } else if (i + 1 < words.size()) {
      parsed.push_back({option->name, words[++i]});
    } else {
      return absl::InvalidArgumentError(absl::StrCat(name, " needs a value: ", option->value));
    }
  }
  return Arguments(std::move(parsed));
}

std::string DescribeOptions(const std::vector<Option>& options) {
  std::size_t width = 0;
  for (const Option& option : options) width = std::max(width, Heading(option).size());
  std::string text;
  for (const Option& option : options) {
    const std::string heading = Heading(option);
    absl::StrAppend(&text, "  ", heading, std::string(width - heading.size() + 2, ' '), option.help, "\n");
  }
  return text;
}

absl::StatusOr<absl::Duration> ParseTimeout(const std::string& option, const std::string& text) {
  absl::Duration timeout;
  if (!absl::ParseDuration(text, &timeout) || timeout <= absl::ZeroDuration() || timeout > absl::Hours(24)) {
    return absl::InvalidArgumentError(
        absl::StrCat(option, " is '", text, "', not a time with its unit up to 24h, such as 10s or 500ms"));
  }
  return timeout;
}

absl::StatusOr<std::uint32_t> ParseCount(const std::string& option, const std::string& text) {
  std::uint32_t count = 0;
  if (!absl::SimpleAtoi(text, &count)) {
    return absl::InvalidArgumentError(absl::StrCat(option, " is '", text, "', not a whole number"));
  }
  return count;
}

absl::StatusOr<std::uint32_t> ParseCount(const std::string& option, const std::string& text, std::uint32_t least,
                                         std::uint32_t most) {
  const absl::StatusOr<std::uint32_t> count = ParseCount(option, text);
  if (!count.ok() || (*count >= least && *count <= most)) return count;
  return absl::InvalidArgumentError(absl::StrCat(option, " is ", *count, ", not ", least, " to ", most));
}

absl::StatusOr<float> ParseNumber(const std::string& option, const std::string& text) {
  float number = 0;
  if (!absl::SimpleAtof(text, &number)) {
    return absl::InvalidArgumentError(absl::StrCat(option, " is '", text, "', not a number"));
  }
  return number;
}

}  // namespace lqvg::cli
