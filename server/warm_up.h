// The first runs of a model, before anybody waits for them: they fault in the weights and let the libraries choose and
// allocate.
#pragma once

#include "absl/status/status.h"
#include "server/loaded_model.h"

namespace lqvg::serving {

// Runs the smallest batch and then the largest shapes: `max_images` pictures at once, the longest expression. Pictures
// are grey. Blocks; to be called by the only thread that uses the model. Fails as the model does; INTERNAL when it
// answers a wrong count.
absl::Status WarmUp(const LoadedModel& model, int max_images);

}  // namespace lqvg::serving
