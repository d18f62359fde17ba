// A model that computes nothing: what is measured is what lies around a model. Every box is the whole canvas.
//
// Used by one thread at a time, like every Grounder.
#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "model/grounder.h"

namespace lqvg {

// How long a batch takes, asleep.
struct IdleTimes {
  absl::Duration batch = absl::ZeroDuration();  // whatever is in it
  absl::Duration image = absl::ZeroDuration();  // more for each distinct picture in it
};

class IdleGrounder final : public Grounder {
 public:
  static constexpr int kQueries = 10;  // as LQVG's

  // `side` of the canvas in pixels.
  IdleGrounder(int side, int max_tokens, const IdleTimes& times) : times_(times) {
    info_.name = "idle";
    info_.digest = std::string(64, '0');
    info_.input_size = side;
    info_.num_queries = kQueries;
    info_.max_tokens = max_tokens;
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
    absl::SleepFor(times_.batch + times_.image * static_cast<double>(images.size()));
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

  const IdleTimes times_;
  ModelInfo info_;
};

}  // namespace lqvg
