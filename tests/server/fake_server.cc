// lqvg-fake-server: the real program around the fake model, for tests of the process. The tokenizer is the real one.
//
// Its model stops where a test wants it to. Each of these environment variables may name a path; if a FIFO is there
// when the model comes to the point, it waits until the test has written to it: FAKE_LOAD_GATE (while loading),
// FAKE_GROUND_GATE (before each batch), FAKE_UNLOAD_GATE (when destroyed). FAKE_LOAD_ERROR makes loading fail with its
// text.
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "server/run.h"
#include "tests/support/fake_grounder.h"

namespace {

void PassGate(const char* variable) {
  const char* const path = std::getenv(variable);
  if (path == nullptr) return;
  std::ifstream gate(path);  // opening a FIFO waits for a writer
  gate.get();
}

class GatedGrounder final : public lqvg::Grounder {
 public:
  ~GatedGrounder() override {
    PassGate("FAKE_UNLOAD_GATE");
    if (fake_.features_alive() > 0) std::abort();  // they would be destroyed without their model
  }

  const lqvg::ModelInfo& info() const override { return fake_.info(); }
  absl::StatusOr<std::vector<std::shared_ptr<const lqvg::ImageFeatures>>> EncodeImages(
      std::span<const lqvg::Canvas* const> canvases) override {
    return fake_.EncodeImages(canvases);
  }
  absl::StatusOr<std::vector<std::shared_ptr<const lqvg::TextFeatures>>> EncodeTexts(
      std::span<const lqvg::Expression* const> expressions) override {
    return fake_.EncodeTexts(expressions);
  }
  absl::StatusOr<lqvg::GroundingBatch> Ground(std::span<const lqvg::GroundingPair> pairs) override {
    PassGate("FAKE_GROUND_GATE");
    return fake_.Ground(pairs);
  }

 private:
  lqvg::FakeGrounder fake_;
};

absl::StatusOr<lqvg::serving::LoadedModel> LoadModel(const lqvg::serving::ModelOptions& options) {
  PassGate("FAKE_LOAD_GATE");
  if (const char* error = std::getenv("FAKE_LOAD_ERROR")) return absl::InvalidArgumentError(error);
  absl::StatusOr<std::unique_ptr<const lqvg::Tokenizer>> tokenizer = lqvg::Tokenizer::Load(options.directory);
  if (!tokenizer.ok()) return tokenizer.status();
  return lqvg::serving::LoadedModel{.grounder = std::make_unique<GatedGrounder>(), .tokenizer = *std::move(tokenizer)};
}

}  // namespace

int main(int argc, char** argv) { return lqvg::serving::RunProgram(argc, argv, LoadModel); }
