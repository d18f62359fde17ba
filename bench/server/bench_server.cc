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
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "model/grounder.h"
#include "model/prepare.h"
#include "model/tokenizer.h"
#include "server/digest.h"
#include "server/run.h"

namespace lqvg {
namespace {

constexpr int kSide = 4;      // pixels of the canvas: the smallest that is one
constexpr int kQueries = 10;  // as LQVG's

struct BenchOptions {
  absl::Duration batch_time, image_time;
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
  return BenchOptions{*batch, *image, how == "real"};
}

class SleepingGrounder final : public Grounder {
 public:
  explicit SleepingGrounder(const BenchOptions& options) : options_(options) {
    info_.name = "sleeping";
    info_.digest = std::string(64, '0');
    info_.input_size = kSide;
    info_.num_queries = kQueries;
    info_.max_tokens = 512;
    info_.device = "cpu";
    info_.precision = "fp32";
  }

  const ModelInfo& info() const override { return info_; }

  absl::StatusOr<std::vector<std::shared_ptr<const ImageFeatures>>> EncodeImages(
      std::span<const Canvas* const> canvases) override {
    std::vector<std::shared_ptr<const ImageFeatures>> features;
    for (std::size_t i = 0; i < canvases.size(); ++i) features.push_back(std::make_shared<NoImage>());
    return features;
  }

  absl::StatusOr<std::vector<std::shared_ptr<const TextFeatures>>> EncodeTexts(
      std::span<const Expression* const> expressions) override {
    std::vector<std::shared_ptr<const TextFeatures>> features;
    for (std::size_t i = 0; i < expressions.size(); ++i) features.push_back(std::make_shared<NoText>());
    return features;
  }

  absl::StatusOr<GroundingBatch> Ground(std::span<const GroundingPair> pairs) override {
    std::set<const ImageFeatures*> images;
    for (const GroundingPair& pair : pairs) images.insert(pair.image);
    absl::SleepFor(options_.batch_time + options_.image_time * static_cast<double>(images.size()));
    GroundingBatch batch;
    const Candidate whole = {.logit = 0, .cxcywh = {0.5F, 0.5F, 1, 1}};
    batch.groundings.assign(pairs.size(), Grounding{std::vector<Candidate>(kQueries, whole)});
    return batch;
  }

 private:
  struct NoImage final : ImageFeatures {
    std::size_t ByteCount() const override { return 0; }
  };
  struct NoText final : TextFeatures {
    std::size_t ByteCount() const override { return 0; }
  };

  const BenchOptions options_;
  ModelInfo info_;
};

// As PrepareQuery, but for the pixels.
absl::StatusOr<serving::PreparedQuery> PrepareWithoutPixels(serving::GroundQuery query, serving::AdmitFunction admit,
                                                            const Tokenizer& tokenizer) {
  absl::StatusOr<std::vector<Expression>> expressions =
      PrepareExpressions(query.expressions, tokenizer, {.max_tokens = 512});
  if (!expressions.ok()) return expressions.status();
  serving::PreparedQuery prepared;
  if (const auto* const encoded = std::get_if<std::string>(&query.image)) {
    absl::StatusOr<std::string> digest = serving::Sha256(*encoded);
    if (!digest.ok()) return digest.status();
    prepared.image_key = prepared.answer.image_digest = *std::move(digest);
  }
  const absl::Status admission =
      admit({.image_key = prepared.image_key, .expression_count = static_cast<int>(expressions->size())});
  if (!admission.ok()) return admission;
  prepared.canvas.side = kSide;
  prepared.canvas.rgb.assign(kSide * kSide * 3, 0);
  prepared.canvas.placement.image_width = prepared.canvas.placement.image_height = kSide;
  prepared.expressions = *std::move(expressions);
  prepared.answer_options = {
      .max_boxes = query.max_boxes, .min_score = query.min_score, .clip_boxes = query.clip_boxes};
  prepared.answer.image_width = prepared.answer.image_height = kSide;
  return prepared;
}

absl::StatusOr<serving::LoadedModel> LoadSleepingModel(const serving::ModelOptions& options) {
  const absl::StatusOr<BenchOptions> bench = OptionsFromEnvironment();
  if (!bench.ok()) return bench.status();
  absl::StatusOr<std::unique_ptr<const Tokenizer>> tokenizer = Tokenizer::Load(options.directory);
  if (!tokenizer.ok()) return tokenizer.status();
  serving::LoadedModel model;
  model.grounder = std::make_unique<SleepingGrounder>(*bench);
  model.tokenizer = *std::move(tokenizer);
  if (!bench->decodes) {
    model.prepare = [tokenizer = model.tokenizer.get()](serving::GroundQuery query, serving::Call&,
                                                        serving::AdmitFunction admit) {
      return PrepareWithoutPixels(std::move(query), admit, *tokenizer);
    };
  }
  return model;
}

}  // namespace
}  // namespace lqvg

int main(int argc, char** argv) { return lqvg::serving::RunProgram(argc, argv, lqvg::LoadSleepingModel); }
