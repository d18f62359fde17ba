// Samples as tensors, and the thread that makes the next batch while the present one is learned from.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <future>
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
Batch Collate(const std::vector<Sample>& samples, std::int64_t pad, at::Device device);

// Batch n holds the samples n * pictures ... (n + 1) * pictures - 1. Used by the trainer's thread; owns one more, which
// is at most one batch ahead.
class BatchStream {
 public:
  // `source` must outlive the stream.
  BatchStream(const SampleSource& source, int pictures, std::int64_t pad, at::Device device)
      : source_(source), pictures_(pictures), pad_(pad), device_(device) {}

  // Blocks until batch `n` is there. Cheapest when asked for in order.
  absl::StatusOr<Batch> Take(std::uint64_t n);

 private:
  using Samples = absl::StatusOr<std::vector<Sample>>;
  std::future<Samples> Start(std::uint64_t n) const;

  const SampleSource& source_;
  const int pictures_;
  const std::int64_t pad_;
  const at::Device device_;
  std::uint64_t next_ = 0;
  std::future<Samples> ahead_;  // of batch next_; not valid: none
};

}  // namespace lqvg::train
