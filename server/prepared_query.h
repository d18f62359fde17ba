// A query that is ready for the model: nothing in it can fail for its caller any more.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

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

// Turns a query into a prepared one, or rejects it. Called by several pool threads at once; may block and may throw.
// Records its stages on `call`, and may stop early with any error when that is finished.
using PrepareFunction = std::function<absl::StatusOr<PreparedQuery>(GroundQuery query, Call& call)>;

}  // namespace lqvg::serving
