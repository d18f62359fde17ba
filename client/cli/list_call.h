// The calls that a list comes down to: one per picture, with all its expressions that are still to do.
//
// Pure functions but for the pictures and the server behind `ask`; thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/list_file.h"
#include "client/cli/results_file.h"
#include "lqvg/v1/grounding.pb.h"

namespace lqvg::cli {

// Items of the same picture, at most as many as one request may hold.
struct ListCall {
  std::string image;
  std::vector<ListItem> items;
};

// What of `items` is not `held` yet, by picture, in the order in which the pictures first appear.
std::vector<ListCall> PlanCalls(const std::vector<ListItem>& items, HeldCounts held, std::size_t max_expressions);

// The result of an item without its outcome: what the list says of it.
ResultLine MakeLine(const ListItem& item);

// The bytes of the picture of that name. Called by several threads at once.
using PictureSource = std::function<absl::StatusOr<std::string>(const std::string& image)>;

// Files, their names relative to `folder`; "" is the working directory.
PictureSource PicturesIn(const std::string& folder);

// Grounds a request, as client::Client::Ground does.
using Ask = std::function<absl::StatusOr<v1::GroundResponse>(const v1::GroundRequest&)>;

// Answers every item of `call`, in order. `request` has what all calls share. The server refuses a request for any bad
// expression: those that it names fail alone, and the others are asked again.
std::vector<ResultLine> RunCall(const ListCall& call, v1::GroundRequest request, const PictureSource& pictures,
                                const Ask& ask);

}  // namespace lqvg::cli
