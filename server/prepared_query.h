// A query that is ready for the model: nothing in it can fail for its caller any more.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/letterbox.h"
#include "model/query.h"
#include "server/call.h"

namespace lqvg::serving {

struct PreparedQuery {
  std::string image_key;  // equal keys: the same picture, read the same way; empty: equal to none
  Canvas canvas;
  std::vector<Expression> expressions;  // at least one
  AnswerOptions answer_options;
  GroundAnswer answer;  // what is known of it already: the picture's size, digest and notes
};

// What a call will ask of the device, as far as that is known before its picture is decoded.
struct Demand {
  std::string image_key = {};  // as PreparedQuery's
  int expression_count = 1;
  bool picture_known = false;  // its image part need not run
};

// Asks whether a call is admitted to the model's queue. Called at most once, before the costly part of preparing; an
// error is the call's own.
using AdmitFunction = absl::FunctionRef<absl::Status(Demand demand)>;

// Turns a query into a prepared one, or rejects it. Called by several pool threads at once; may block and may throw.
// Records its stages on `call`, and may stop early with any error when that is finished. Asks `admit` as soon as it
// knows what the query costs.
using PrepareFunction =
    std::function<absl::StatusOr<PreparedQuery>(GroundQuery query, Call& call, AdmitFunction admit)>;

}  // namespace lqvg::serving
