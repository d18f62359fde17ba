// One training run: the network, what it learns from, the optimizer, and where it stands.
//
// Owns all of them. Used by one thread, which a recipe's "parts_per_step" gives as many helpers during a step; LibTorch
// may throw c10::Error from any call.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/thread_pool.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "model/network.h"
#include "model/tokenizer.h"
#include "train/adamw.h"
#include "train/batch.h"
#include "train/facet_loss.h"
#include "train/parameters.h"
#include "train/recipe.h"
#include "train/samples.h"

namespace lqvg::train {

// What one step gave. Losses are sums over the decoder layers, not weighted.
struct StepReport {
  std::int64_t step = 0;     // counted from 1
  std::int64_t samples = 0;  // expressions in this step
  double total = 0, focal = 0, l1 = 0, giou = 0;
  double facets = 0;         // 0 without the recipe's "facets"
  double gradient_norm = 0;  // before clipping
  double learning_rate = 0;
};

class Trainer {
 public:
  // `source` must outlive the trainer. Errors: the model directory's.
  static absl::StatusOr<std::unique_ptr<Trainer>> Create(const Recipe& recipe, const SampleSource& source,
                                                         at::Device device);

  // Learns from the next batch. RESOURCE_EXHAUSTED and others from the source; DATA_LOSS when the loss is not a number.
  absl::StatusOr<StepReport> Step();

  // Everything that the next step depends on: a run that is saved, and loaded into a trainer of the same recipe, goes
  // on as if it had not been interrupted. Save replaces the file whole. Load: INVALID_ARGUMENT for a file of another
  // model.
  absl::Status Save(const std::string& path) const;
  absl::Status Load(const std::string& path);

  // Writes a model directory that the server serves: the average of the weights, batch norms' statistics with them, in
  // fp16. `directory` is made if need be.
  absl::Status Export(const std::string& directory) const;

  // The network that Export writes, before it is rounded to fp16.
  Network Exported() const;

  std::int64_t step() const { return step_; }

 private:
  Trainer(const Recipe& recipe, const SampleSource& source, at::Device device, std::unique_ptr<Parameters> parameters,
          Network network, std::vector<FacetHeads> facet_heads);

  // One part of a step: its share of the loss, and of the gradients, by parameter that learns; undefined where none
  // reached.
  struct Lesson {
    double total = 0, focal = 0, l1 = 0, giou = 0, facets = 0;
    std::vector<at::Tensor> gradients;
  };
  Lesson Learn(const Batch& batch, double share) const;
  std::vector<Lesson> LearnEach(const std::vector<Batch>& batches);
  void AddGradients(const Lesson& lesson);
  void UpdateAverage();
  // All tensors of a checkpoint by name, shared.
  NamedTensors CheckpointTensors() const;

  const Recipe recipe_;
  const std::unique_ptr<Parameters> parameters_;
  const Network network_;
  const std::vector<FacetHeads> facet_heads_;  // by decoder layer; none without the recipe's "facets"
  NamedTensors average_;
  std::vector<at::Tensor> learning_;  // the parameters that get gradients
  AdamW optimizer_;
  BatchStream batches_;
  std::unique_ptr<c10::ThreadPool> helpers_;  // null: a step has one part
  std::int64_t step_ = 0;
};

// What every decoder layer of `network` proposes for the expressions of `batch`. `queries`, if any, gets what the
// layers' heads read, [B, Q, D] each.
std::vector<Proposals> Propose(const Network& network, const Batch& batch, std::vector<at::Tensor>* queries = nullptr);

}  // namespace lqvg::train
