// From groundings to the answer of the call that asked for them, whether they were computed or cached.
//
// Stateless and thread-safe.
#pragma once

#include <span>

#include "absl/status/statusor.h"
#include "model/query.h"
#include "server/call.h"
#include "server/prepared_query.h"

namespace lqvg::serving {

// The answer to `query` from one grounding per expression; a null one is unusable, and is that expression's INTERNAL,
// INTERNAL_ERROR. Fails with that when all are. What batch and caches have to do with it is left for the caller to say.
absl::StatusOr<GroundAnswer> MakeAnswer(const PreparedQuery& query, std::span<const Grounding* const> groundings);

// The answer to a query of which every expression is known.
absl::StatusOr<GroundAnswer> AnswerFromCache(const PreparedQuery& query);

}  // namespace lqvg::serving
