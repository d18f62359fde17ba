// The abstract model as serving sees it: canvases and token ids in, boxes and scores out, no tensor in sight.
//
// The image part and the text part are callable apart, because their results are worth sharing: the image part of a
// picture is the same for every expression, the text part of an expression is the same for every picture.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/query.h"

namespace lqvg {

// What a loaded model is. Constant once loaded.
struct ModelInfo {
  std::string name;       // the model directory's name
  std::string digest;     // hex SHA-256 over configuration, tokenizer and weights
  int input_size = 0;     // side of a canvas, pixels
  int num_queries = 0;    // candidates per expression
  int max_tokens = 0;     // per expression, with the tokens that mark its ends
  std::string device;     // "cpu" or "cuda"
  std::string precision;  // "fp32"
};

// What the model keeps of a picture. Opaque, immutable, shareable between threads; frees device memory when destroyed.
class ImageFeatures {
 public:
  virtual ~ImageFeatures() = default;
  virtual std::size_t ByteCount() const = 0;
};

// What the model keeps of an expression. Opaque, immutable, shareable between threads.
class TextFeatures {
 public:
  virtual ~TextFeatures() = default;
  virtual std::size_t ByteCount() const = 0;
};

// One expression to ground in one picture. Both borrowed for the call.
struct GroundingPair {
  const ImageFeatures* image = nullptr;
  const TextFeatures* text = nullptr;
};

struct GroundingBatch {
  std::vector<Grounding> groundings;  // one per pair, in order
  double fusion_seconds = 0;
  double transformer_seconds = 0;
};

// Called by one thread at a time (the batcher's worker); each call blocks until the device is done.
// A failed call fails as a whole: INVALID_ARGUMENT for shapes that are not the model's, RESOURCE_EXHAUSTED
// (DEVICE_MEMORY) when the batch does not fit, UNAVAILABLE (DEVICE_LOST) when the device is of no more use to this
// process, INTERNAL otherwise. Unless the device is lost, the next call is independent of it.
class Grounder {
 public:
  virtual ~Grounder() = default;

  virtual const ModelInfo& info() const = 0;

  // The image part. Each canvas has side info().input_size. One result per canvas, in order.
  virtual absl::StatusOr<std::vector<std::shared_ptr<const ImageFeatures>>> EncodeImages(
      std::span<const Canvas* const> canvases) = 0;

  // The text part. Each expression has 2..info().max_tokens tokens. One result per expression, in order.
  virtual absl::StatusOr<std::vector<std::shared_ptr<const TextFeatures>>> EncodeTexts(
      std::span<const Expression* const> expressions) = 0;

  // Everything that needs both. The same picture may appear in several pairs.
  virtual absl::StatusOr<GroundingBatch> Ground(std::span<const GroundingPair> pairs) = 0;
};

}  // namespace lqvg
