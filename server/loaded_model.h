// A model that is ready to be served, and how serving gets one without knowing what it is made of.
//
// Owned by Serve.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "model/grounder.h"
#include "model/tokenizer.h"
#include "server/config.h"
#include "server/prepared_query.h"

namespace lqvg::serving {

struct LoadedModel {
  std::unique_ptr<Grounder> grounder;
  std::unique_ptr<const Tokenizer> tokenizer;
  PrepareFunction prepare = {};  // instead of prepare_query.h, for benchmarks of what is around it; empty: that
};

// Blocks for as long as loading takes. An error names the file, the key or the tensor.
using LoadModel = std::function<absl::StatusOr<LoadedModel>(const ModelOptions& options)>;

}  // namespace lqvg::serving
