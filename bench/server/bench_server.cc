// lqvg-bench-server: the real program around a model that only sleeps, to measure what lies around a model.
//
// Environment variables say what the model and the preparation cost:
//   BENCH_BATCH_TIME  a batch's, whatever is in it, such as 20ms [0]
//   BENCH_IMAGE_TIME  of a batch, for each distinct picture in it, such as 5ms [0]
//   BENCH_DECODE      "real", or "none": a picture is hashed, as always, but neither decoded nor resized [real]
// Every box is the picture's whole canvas.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bench/server/idle_grounder.h"
#include "model/prepare.h"
#include "model/tokenizer.h"
#include "server/digest.h"
#include "server/run.h"

namespace lqvg {
namespace {

constexpr int kSide = 4;  // pixels of the canvas: the smallest that is one
constexpr int kMaxTokens = 512;

struct BenchOptions {
  IdleTimes times;
  bool decodes = true;
};

absl::StatusOr<absl::Duration> TimeFrom(const char* variable) {
  const char* const text = std::getenv(variable);
  absl::Duration time = absl::ZeroDuration();
  if (text == nullptr || (absl::ParseDuration(text, &time) && time >= absl::ZeroDuration())) return time;
  return absl::InvalidArgumentError(absl::StrCat(variable, " is '", text, "', must be a duration such as 20ms"));
}

absl::StatusOr<BenchOptions> OptionsFromEnvironment() {
  const absl::StatusOr<absl::Duration> batch = TimeFrom("BENCH_BATCH_TIME"), image = TimeFrom("BENCH_IMAGE_TIME");
  if (!batch.ok()) return batch.status();
  if (!image.ok()) return image.status();
  const char* const decode = std::getenv("BENCH_DECODE");
  const std::string how = decode == nullptr ? "real" : decode;
  if (how != "real" && how != "none") {
    return absl::InvalidArgumentError(absl::StrCat("BENCH_DECODE is '", how, "', must be real or none"));
  }
  return BenchOptions{{*batch, *image}, how == "real"};
}

// As PrepareQuery, but for the pixels: the pool's thread has nothing to do for the picture, but it is woken all the
// same.
absl::StatusOr<serving::Preparation> PrepareWithoutPixels(const serving::GroundQuery& query,
                                                          const Tokenizer& tokenizer) {
  absl::StatusOr<std::vector<Expression>> expressions =
      PrepareExpressions(query.expressions, tokenizer, {.max_tokens = kMaxTokens});
  if (!expressions.ok()) return expressions.status();
  serving::PreparedQuery prepared;
  if (const auto* const encoded = std::get_if<std::string>(&query.image)) {
    absl::StatusOr<std::string> digest = serving::Sha256(*encoded);
    if (!digest.ok()) return digest.status();
    prepared.image_key = prepared.answer.image_digest = *std::move(digest);
  }
  prepared.canvas.side = kSide;
  prepared.canvas.rgb.assign(kSide * kSide * 3, 0);
  prepared.canvas.placement.image_width = prepared.canvas.placement.image_height = kSide;
  prepared.expressions = *std::move(expressions);
  prepared.answer_options = {
      .max_boxes = query.max_boxes, .min_score = query.min_score, .clip_boxes = query.clip_boxes};
  prepared.answer.image_width = prepared.answer.image_height = kSide;
  return serving::Preparation(std::move(prepared),
                              [](serving::PreparedQuery&, serving::Call&) { return absl::OkStatus(); });
}

absl::StatusOr<serving::LoadedModel> LoadSleepingModel(const serving::ModelOptions& options) {
  const absl::StatusOr<BenchOptions> bench = OptionsFromEnvironment();
  if (!bench.ok()) return bench.status();
  absl::StatusOr<std::unique_ptr<const Tokenizer>> tokenizer = Tokenizer::Load(options.directory);
  if (!tokenizer.ok()) return tokenizer.status();
  serving::LoadedModel model;
  model.grounder = std::make_unique<IdleGrounder>(kSide, kMaxTokens, bench->times);
  model.tokenizer = *std::move(tokenizer);
  if (!bench->decodes) {
    model.prepare = [tokenizer = model.tokenizer.get()](const serving::GroundQuery& query, serving::Call&) {
      return PrepareWithoutPixels(query, *tokenizer);
    };
  }
  return model;
}

}  // namespace
}  // namespace lqvg

int main(int argc, char** argv) { return lqvg::serving::RunProgram(argc, argv, lqvg::LoadSleepingModel); }
