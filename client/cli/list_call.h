// The calls that a list comes down to: one per picture, with all its expressions that are still to do.
//
// Pure functions but for the file system and the server behind `ask`; thread-safe.
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

// Grounds a request, as client::Client::Ground does.
using Ask = std::function<absl::StatusOr<v1::GroundResponse>(const v1::GroundRequest&)>;

// Answers every item of `call`, in order. `request` has what all calls share; the picture is read from `folder`. The
// server refuses a request for any bad expression: those that it names fail alone, and the others are asked again.
std::vector<ResultLine> RunCall(const ListCall& call, v1::GroundRequest request, const std::string& folder,
                                const Ask& ask);

}  // namespace lqvg::cli
