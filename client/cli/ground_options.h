// What `lqvg ground` takes, and the part of a request that its options decide.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/arguments.h"
#include "lqvg/v1/grounding.pb.h"

namespace lqvg::cli {

std::vector<Option> GroundOptions();

// A request with everything but picture and expressions. INVALID_ARGUMENT: a value is not a number at all; whether a
// number is in range is for the server to say.
absl::StatusOr<v1::GroundRequest> RequestFrom(const Arguments& arguments);

}  // namespace lqvg::cli
