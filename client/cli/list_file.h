// Reads the lists that `lqvg ground --list` works through.
//
// Stateless and thread-safe. A list is judged whole before the first call; errors are INVALID_ARGUMENT and name the
// line.
#pragma once

#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/list_line.pb.h"

namespace lqvg::cli {

// One expression of the list.
struct ListItem {
  std::string image;
  std::string expression;
  std::optional<TruthBox> truth = {};
  std::string kind = {};  // category of the object meant; empty: the list does not say
  bool absent = false;    // the list says that nothing in the picture satisfies the expression
};

// Results are JSON, which is UTF-8: what is not could not be written back.
bool IsUtf8(const std::string& text);

// The items of one line, in any of the three forms:
//   picture,xmin,ymin,xmax,ymax,expression    (RSVG-HR; the expression is everything after the fifth comma)
//   picture<TAB>expression[<TAB>expression]
//   {"image": "picture", "expressions": ["expression"]}
absl::StatusOr<std::vector<ListItem>> ParseListLine(const std::string& line);

// The items of all lines; blank ones count for nothing.
absl::StatusOr<std::vector<ListItem>> ReadList(std::istream& list);

}  // namespace lqvg::cli
