// LQVG as tensors: the weights of a whole model and its forward pass, top to bottom.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "model/architecture.h"
#include "model/deformable_transformer.h"
#include "model/fusion.h"
#include "model/image_encoder.h"
#include "model/text_encoder.h"
#include "model/weights.h"

namespace lqvg {

struct Network {
  Architecture architecture;
  at::Device device = at::kCPU;
  ImageEncoder image_encoder;
  TextEncoder text_encoder;
  Fusion fusion;
  DeformableTransformer transformer;
};

// Reads `model_dir`/config.json and model.safetensors onto `device`. Errors as LoadLqvg's; may throw c10::Error.
absl::StatusOr<std::unique_ptr<const Network>> LoadNetwork(const std::string& model_dir, at::Device device);

// The network that `source` has the tensors for, as training wants it: batch norms kept, every class head.
Network MakeTrainingNetwork(TensorSource& source, const Architecture& architecture, at::Device device,
                            BatchNorms norms);

// The network that answers, its batch norms folded, from any source.
Network MakeNetwork(TensorSource& source, const Architecture& architecture, at::Device device);

// The sine positions of all levels, one after another: [N, D].
at::Tensor ImagePositions(const std::vector<LevelShape>& levels, std::int64_t dim, at::Device device);

// What needs both picture and expression: fusion, transformer, heads. Paired by index.
Proposals Ground(const Network& network, const ImageLevels& image, const TextWords& text, const Probe& probe = nullptr);

}  // namespace lqvg
