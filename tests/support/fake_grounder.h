// A model whose answers are checksums of its inputs: an answer that reaches the wrong call is seen at once.
//
// Used by one thread at a time, like every Grounder; the counters may be read by any. Hooks are set before it is used.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "image/rejection.h"
#include "model/grounder.h"

namespace lqvg {

class FakeGrounder final : public Grounder {
 public:
  // Tokens that make the step fail in which they come to be grounded.
  static constexpr std::int32_t kFailToken = -1;
  static constexpr std::int32_t kThrowToken = -2;
  static constexpr std::int32_t kNanToken = -3;         // a non-finite output for its own expression
  static constexpr std::int32_t kMiscountToken = -4;    // one answer too few
  static constexpr std::int32_t kTooLargeToken = -6;    // does not fit into the device's memory
  static constexpr std::int32_t kFewQueriesToken = -5;  // one candidate too few for its own expression

  static constexpr int kSide = 4;  // pixels
  static constexpr int kQueries = 3;

  FakeGrounder() {
    info_.name = "fake";
    info_.digest = std::string(64, '0');
    info_.input_size = kSide;
    info_.num_queries = kQueries;
    info_.max_tokens = 512;
    info_.device = "cpu";
    info_.precision = "fp32";
  }

  // What Ground answers to a healthy pair.
  static Grounding Expected(const Canvas& canvas, const Expression& expression) {
    return GroundingOf(ChecksumOf(canvas), ChecksumOf(expression));
  }

  std::function<void()> before_encode_images;
  std::function<absl::Status()> before_ground;  // its error is the call's

  std::atomic<int> images_encoded = 0;
  std::atomic<int> texts_encoded = 0;
  std::atomic<int> pairs_grounded = 0;
  std::atomic<int> largest_step = 0;  // pairs

  // Features that exist now. They count in an object of their own, since they may outlive the grounder: by a fault.
  int features_alive() const { return *alive_; }

  const ModelInfo& info() const override { return info_; }

  absl::StatusOr<std::vector<std::shared_ptr<const ImageFeatures>>> EncodeImages(
      std::span<const Canvas* const> canvases) override {
    if (before_encode_images) before_encode_images();
    std::vector<std::shared_ptr<const ImageFeatures>> features;
    for (const Canvas* canvas : canvases) {
      auto feature = std::make_shared<FakeImage>(alive_);
      feature->checksum = ChecksumOf(*canvas);
      features.push_back(std::move(feature));
    }
    images_encoded += static_cast<int>(canvases.size());
    return features;
  }

  absl::StatusOr<std::vector<std::shared_ptr<const TextFeatures>>> EncodeTexts(
      std::span<const Expression* const> expressions) override {
    std::vector<std::shared_ptr<const TextFeatures>> features;
    for (const Expression* expression : expressions) {
      auto feature = std::make_shared<FakeText>(alive_);
      feature->checksum = ChecksumOf(*expression);
      feature->token = expression->token_ids.empty() ? 0 : expression->token_ids.front();
      features.push_back(std::move(feature));
    }
    texts_encoded += static_cast<int>(expressions.size());
    return features;
  }

  absl::StatusOr<GroundingBatch> Ground(std::span<const GroundingPair> pairs) override {
    if (before_ground) {
      if (absl::Status status = before_ground(); !status.ok()) return status;
    }
    GroundingBatch batch;
    for (const GroundingPair& pair : pairs) {
      const auto& image = static_cast<const FakeImage&>(*pair.image);
      const auto& text = static_cast<const FakeText&>(*pair.text);
      if (text.token == kFailToken) return absl::InternalError("tensor of /secret/path has the wrong shape");
      if (text.token == kTooLargeToken) {
        return Reject(absl::StatusCode::kResourceExhausted, "DEVICE_MEMORY", "tried to allocate 20 GiB");
      }
      if (text.token == kThrowToken) throw std::runtime_error("thrown by the fake");
      if (text.token == kMiscountToken) continue;
      batch.groundings.push_back(GroundingOf(image.checksum, text.checksum));
      if (text.token == kNanToken) {
        batch.groundings.back().candidates[1].cxcywh[2] = std::numeric_limits<float>::quiet_NaN();
      }
      if (text.token == kFewQueriesToken) batch.groundings.back().candidates.pop_back();
    }
    pairs_grounded += static_cast<int>(pairs.size());
    if (largest_step < static_cast<int>(pairs.size())) largest_step = static_cast<int>(pairs.size());
    batch.fusion_seconds = 0.25;
    batch.transformer_seconds = 0.5;
    return batch;
  }

 private:
  class Alive {
   public:
    explicit Alive(std::shared_ptr<std::atomic<int>> count) : count_(std::move(count)) { ++*count_; }
    ~Alive() { --*count_; }
    Alive(const Alive&) = delete;
    Alive& operator=(const Alive&) = delete;

   private:
    const std::shared_ptr<std::atomic<int>> count_;
  };
  struct FakeImage final : ImageFeatures {
    explicit FakeImage(std::shared_ptr<std::atomic<int>> count) : alive(std::move(count)) {}
    std::size_t ByteCount() const override { return sizeof(checksum); }
    std::uint64_t checksum = 0;
    const Alive alive;
  };
  struct FakeText final : TextFeatures {
    explicit FakeText(std::shared_ptr<std::atomic<int>> count) : alive(std::move(count)) {}
    std::size_t ByteCount() const override { return sizeof(checksum); }
    std::uint64_t checksum = 0;
    std::int32_t token = 0;  // the first
    const Alive alive;
  };

  static std::uint64_t Mix(std::uint64_t checksum, std::uint64_t value) {
    return (checksum ^ value) * 0x100000001b3ull;  // FNV-1a
  }
  static std::uint64_t ChecksumOf(const Canvas& canvas) {
    std::uint64_t checksum = 0xcbf29ce484222325ull;
    for (const std::uint8_t value : canvas.rgb) checksum = Mix(checksum, value);
    return checksum;
  }
  static std::uint64_t ChecksumOf(const Expression& expression) {
    std::uint64_t checksum = 0x84222325cbf29ce4ull;
    for (const std::int32_t id : expression.token_ids) checksum = Mix(checksum, static_cast<std::uint32_t>(id));
    return checksum;
  }
  static Grounding GroundingOf(std::uint64_t image, std::uint64_t text) {
    Grounding grounding;
    for (int query = 0; query < kQueries; ++query) {
      const std::uint64_t bits = Mix(Mix(image, text), static_cast<std::uint64_t>(query)) * 0x9e3779b97f4a7c15ull;
      Candidate candidate;
      for (int i = 0; i < 4; ++i) candidate.cxcywh[i] = static_cast<float>((bits >> (16 * i)) & 0xffff) / 65536.0f;
      candidate.logit = candidate.cxcywh[0] * 8 - 4;
      grounding.candidates.push_back(candidate);
    }
    return grounding;
  }

  ModelInfo info_;
  const std::shared_ptr<std::atomic<int>> alive_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace lqvg
