// What becomes of an expression before the model: normalised, then cut into tokens.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/families.h"
#include "model/tokenizer.h"
#include "train/scenes/expressions.h"
#include "train/scenes/layout.h"

namespace lqvg::bench {
namespace {

constexpr std::uint64_t kScenes = 64;  // of four expressions each, in the manner of RSVG-HR and as short phrases

std::vector<std::string> MakeExpressions() {
  std::vector<std::string> expressions;
  for (std::uint64_t seed = 1; seed <= kScenes; ++seed) {
    for (const scenes::ReferringExpression& said : scenes::Describe(scenes::LayOut(seed), seed)) {
      expressions.push_back(said.text);
    }
  }
  return expressions;
}

// Runs `pass` over all expressions in each iteration; counts expressions and their bytes.
template <typename Pass>
void Measure(benchmark::State& state, const std::vector<std::string>& expressions, Pass pass) {
  for (auto unused : state) {
    for (const std::string& expression : expressions) pass(expression);
  }
  std::int64_t bytes = 0;
  for (const std::string& expression : expressions) bytes += static_cast<std::int64_t>(expression.size());
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(expressions.size()));
  state.SetBytesProcessed(state.iterations() * bytes);
}

}  // namespace

absl::Status RegisterTokenizer(const std::string& model_dir) {
  auto loaded = Tokenizer::Load(model_dir);
  if (!loaded.ok()) return loaded.status();
  const std::shared_ptr<const Tokenizer> tokenizer = *std::move(loaded);
  const auto expressions = std::make_shared<const std::vector<std::string>>(MakeExpressions());
  benchmark::RegisterBenchmark("tokenizer/normalize", [expressions](benchmark::State& state) {
    Measure(state, *expressions, [](const std::string& text) { benchmark::DoNotOptimize(NormalizeExpression(text)); });
  })->Unit(benchmark::kMicrosecond);
  const std::string encode = absl::StrCat("tokenizer/encode/vocabulary:", tokenizer->vocabulary_size());
  benchmark::RegisterBenchmark(encode.c_str(), [expressions, tokenizer](benchmark::State& state) {
    Measure(state, *expressions, [&](const std::string& text) { benchmark::DoNotOptimize(tokenizer->Encode(text)); });
  })->Unit(benchmark::kMicrosecond);
  return absl::OkStatus();
}

}  // namespace lqvg::bench
