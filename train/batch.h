// Samples as tensors, and the thread that makes the next batch while the present one is learned from.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <future>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "train/criterion.h"
#include "train/facet_loss.h"
#include "train/samples.h"

namespace lqvg::train {

// Pictures once, expressions with the picture that each is about.
struct Batch {
  at::Tensor canvases;   // [I, S, S, 3] uint8
  at::Tensor token_ids;  // [B, T] int64, padded
  at::Tensor valid;      // [B, T] bool
  at::Tensor picture;    // [B] int64, row of `canvases`
  Targets targets;       // [B, ...]
  Mentions mentions;     // [B, K, ...]; K = 0 where nothing is known
};

// `pad`: the token that fills rows up. At least one sample, all of one side.
Batch Collate(std::span<const Sample> samples, std::int64_t pad, at::Device device);

// Step n has the samples n * pictures ... (n + 1) * pictures - 1, shared out to `parts` batches as evenly as can be.
// Used by the trainer's thread; owns one more, which is at most one step ahead.
class BatchStream {
 public:
  // `source` must outlive the stream; 1 <= parts <= pictures.
  BatchStream(const SampleSource& source, int pictures, int parts, std::int64_t pad, at::Device device)
      : source_(source), pictures_(pictures), parts_(parts), pad_(pad), device_(device) {}

  // Blocks until the batches of step `n` are there. Cheapest when asked for in order.
  absl::StatusOr<std::vector<Batch>> Take(std::uint64_t n);

 private:
  using Samples = absl::StatusOr<std::vector<Sample>>;
  std::future<Samples> Start(std::uint64_t n) const;

  const SampleSource& source_;
  const int pictures_, parts_;
  const std::int64_t pad_;
  const at::Device device_;
  std::uint64_t next_ = 0;
  std::future<Samples> ahead_;  // of batch next_; not valid: none
};

}  // namespace lqvg::train
