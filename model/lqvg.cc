#include "model/lqvg.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "image/rejection.h"
#include "model/device.h"
#include "model/model_digest.h"
#include "model/network.h"

namespace lqvg {
namespace {

class LoadedImage final : public ImageFeatures {
 public:
  explicit LoadedImage(ImageLevels levels) : levels_(std::move(levels)) {}
  std::size_t ByteCount() const override { return levels_.tokens.nbytes(); }
  const ImageLevels& levels() const { return levels_; }

 private:
  const ImageLevels levels_;  // of one picture: [1, N, D]
};

class LoadedText final : public TextFeatures {
 public:
  explicit LoadedText(TextWords words) : words_(std::move(words)) {}
  std::size_t ByteCount() const override {
    return words_.words.nbytes() + words_.positions.nbytes() + words_.valid.nbytes();
  }
  const TextWords& words() const { return words_; }

 private:
  const TextWords words_;  // of one expression, without padding: [1, T, D]
};

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// CUDA's errors after which every further call fails alike: those of which its documentation says that "the process
// must be terminated and relaunched", and the two of broken hardware. The numbers are cudaError_t's, whose header is
// part of a toolkit that is not needed otherwise. A library on top of CUDA may report the same in its own words, which
// is INTERNAL here; the next call of CUDA itself then tells.
bool IsSticky(int cuda_error) {
  switch (cuda_error) {
    case 214:  // cudaErrorECCUncorrectable
    case 220:  // cudaErrorNvlinkUncorrectable
    case 700:  // cudaErrorIllegalAddress
    case 702:  // cudaErrorLaunchTimeout
    case 710:  // cudaErrorAssert
    case 714:  // cudaErrorHardwareStackError
    case 715:  // cudaErrorIllegalInstruction
    case 716:  // cudaErrorMisalignedAddress
    case 717:  // cudaErrorInvalidAddressSpace
    case 718:  // cudaErrorInvalidPc
    case 719:  // cudaErrorLaunchFailure
      return true;
    default:
      return false;
  }
}

// Runs `body` under inference mode and turns LibTorch's exceptions into a status: the one place that does.
template <typename Body>
auto Guarded(Body body) -> decltype(body()) {
  try {
    const c10::InferenceMode inference;
    return body();
  } catch (const c10::OutOfMemoryError& error) {
    return Reject(absl::StatusCode::kResourceExhausted, "DEVICE_MEMORY", error.what_without_backtrace());
  } catch (const c10::AcceleratorError& error) {
    if (IsSticky(error.get_error_code())) {
      return Reject(absl::StatusCode::kUnavailable, "DEVICE_LOST", error.what_without_backtrace());
    }
    return Reject(absl::StatusCode::kInternal, "INTERNAL_ERROR", error.what_without_backtrace());
  } catch (const c10::Error& error) {
    return Reject(absl::StatusCode::kInternal, "INTERNAL_ERROR", error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    return Reject(absl::StatusCode::kResourceExhausted, "DEVICE_MEMORY", "out of memory");
  } catch (const std::exception& error) {
    return Reject(absl::StatusCode::kInternal, "INTERNAL_ERROR", error.what());
  }
}

// One picture and one expression at a time: on a CPU a batch of pictures saves nothing, and an answer that never
// shares a matrix product with its companions is the same to the last bit whatever the company.
class Lqvg final : public Grounder {
 public:
  Lqvg(std::unique_ptr<const Network> network, ModelInfo info) : network_(std::move(network)), info_(std::move(info)) {}

  const ModelInfo& info() const override { return info_; }

  absl::StatusOr<std::vector<std::shared_ptr<const ImageFeatures>>> EncodeImages(
      std::span<const Canvas* const> canvases) override {
    using Result = absl::StatusOr<std::vector<std::shared_ptr<const ImageFeatures>>>;
    return Guarded([&]() -> Result {
      std::vector<std::shared_ptr<const ImageFeatures>> features;
      for (const Canvas* canvas : canvases) {
        const std::int64_t side = canvas->side;
        if (side != info_.input_size || canvas->rgb.size() != static_cast<std::size_t>(side * side * 3)) {
          return absl::InvalidArgumentError(absl::StrCat("canvas of side ", side, ", must be ", info_.input_size));
        }
        const at::Tensor pixels =
            at::from_blob(const_cast<std::uint8_t*>(canvas->rgb.data()), {1, side, side, 3}, at::kByte);
        features.push_back(
            std::make_shared<LoadedImage>(Forward(network_->image_encoder, pixels.to(network_->device))));
      }
      return features;
    });
  }

  absl::StatusOr<std::vector<std::shared_ptr<const TextFeatures>>> EncodeTexts(
      std::span<const Expression* const> expressions) override {
    using Result = absl::StatusOr<std::vector<std::shared_ptr<const TextFeatures>>>;
    return Guarded([&]() -> Result {
      std::vector<std::shared_ptr<const TextFeatures>> features;
      for (const Expression* expression : expressions) {
        absl::StatusOr<at::Tensor> ids = TokenIds(*expression);
        if (!ids.ok()) return ids.status();
        const at::Tensor valid = at::ones_like(*ids, at::kBool);
        features.push_back(std::make_shared<LoadedText>(Forward(network_->text_encoder, *ids, valid)));
      }
      return features;
    });
  }

  absl::StatusOr<GroundingBatch> Ground(std::span<const GroundingPair> pairs) override {
    return Guarded([&]() -> absl::StatusOr<GroundingBatch> {
      GroundingBatch batch;
      for (const GroundingPair& pair : pairs) {
        const ImageLevels& image = static_cast<const LoadedImage&>(*pair.image).levels();
        const TextWords& text = static_cast<const LoadedText&>(*pair.text).words();
        const auto start = std::chrono::steady_clock::now();
        const at::Tensor positions = Positions(image.levels);
        const Fused fused = Forward(network_->fusion, image, positions, text);
        batch.fusion_seconds += SecondsSince(start);
        const auto fused_at = std::chrono::steady_clock::now();
        const Proposals proposals =
            Forward(network_->transformer, fused.tokens, image.levels, positions, fused.sentence);
        batch.groundings.push_back(ToGrounding(proposals));
        batch.transformer_seconds += SecondsSince(fused_at);
      }
      return batch;
    });
  }

 private:
  absl::StatusOr<at::Tensor> TokenIds(const Expression& expression) const {
    const std::vector<std::int32_t>& ids = expression.token_ids;
    if (ids.size() < 2 || ids.size() > static_cast<std::size_t>(info_.max_tokens)) {
      return absl::InvalidArgumentError(absl::StrCat(ids.size(), " tokens, must be 2..", info_.max_tokens));
    }
    const std::int64_t vocabulary = network_->architecture.text_encoder.vocab_size;
    for (const std::int32_t id : ids) {
      if (id < 0 || id >= vocabulary) {
        return absl::InvalidArgumentError(absl::StrCat("token id ", id, ", must be 0..", vocabulary - 1));
      }
    }
    return at::tensor(ids, at::kLong).unsqueeze(0).to(network_->device);
  }

  // The same for every picture: computed at the first call and kept.
  const at::Tensor& Positions(const std::vector<LevelShape>& levels) {
    if (!positions_.defined()) positions_ = ImagePositions(levels, network_->architecture.hidden_dim, network_->device);
    return positions_;
  }

  static Grounding ToGrounding(const Proposals& proposals) {
    const at::Tensor logits = proposals.logits[0].to(at::kCPU).contiguous();
    const at::Tensor boxes = proposals.boxes[0].to(at::kCPU).contiguous();
    Grounding grounding;
    grounding.candidates.resize(static_cast<std::size_t>(logits.size(0)));
    for (std::size_t q = 0; q < grounding.candidates.size(); ++q) {
      grounding.candidates[q].logit = logits.const_data_ptr<float>()[q];
      std::memcpy(grounding.candidates[q].cxcywh.data(), boxes.const_data_ptr<float>() + 4 * q, 4 * sizeof(float));
    }
    return grounding;
  }

  const std::unique_ptr<const Network> network_;
  const ModelInfo info_;
  at::Tensor positions_;  // [N, D]
};

std::string NameOf(const std::string& model_dir) {
  const std::filesystem::path path = std::filesystem::path(model_dir).lexically_normal();
  return (path.has_filename() ? path.filename() : path.parent_path().filename()).string();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Grounder>> LoadLqvg(const LqvgOptions& options) {
  return Guarded([&]() -> absl::StatusOr<std::unique_ptr<Grounder>> {
    absl::StatusOr<at::Device> device = OpenDevice(options.device);
    if (!device.ok()) return device.status();
    if (options.threads > 0) at::set_num_threads(options.threads);

    absl::StatusOr<std::unique_ptr<const Network>> network = LoadNetwork(options.model_dir, *device);
    if (!network.ok()) return network.status();
    absl::StatusOr<std::string> digest = ModelDigest(options.model_dir);
    if (!digest.ok()) return digest.status();

    const Architecture& architecture = (*network)->architecture;
    ModelInfo info;
    info.name = NameOf(options.model_dir);
    info.digest = *digest;
    info.input_size = architecture.input_size;
    info.num_queries = architecture.num_queries;
    info.max_tokens = architecture.text_encoder.MaxTokens();
    info.device = options.device;
    info.precision = "fp32";
    return std::make_unique<Lqvg>(*std::move(network), std::move(info));
  });
}

}  // namespace lqvg
