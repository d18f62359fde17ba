// lqvg-server: serves an LQVG model by gRPC. The only file that sees both serving and the model.
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "model/lqvg.h"
#include "model/tokenizer.h"
#include "server/run.h"

namespace {

absl::StatusOr<lqvg::serving::LoadedModel> LoadModel(const lqvg::serving::ModelOptions& options) {
  absl::StatusOr<std::unique_ptr<const lqvg::Tokenizer>> tokenizer = lqvg::Tokenizer::Load(options.directory);
  if (!tokenizer.ok()) return tokenizer.status();
  absl::StatusOr<std::unique_ptr<lqvg::Grounder>> grounder =
      lqvg::LoadLqvg({.model_dir = options.directory, .device = options.device, .threads = options.threads});
  if (!grounder.ok()) return grounder.status();
  return lqvg::serving::LoadedModel{.grounder = *std::move(grounder), .tokenizer = *std::move(tokenizer)};
}

}  // namespace

int main(int argc, char** argv) { return lqvg::serving::RunProgram(argc, argv, LoadModel); }
