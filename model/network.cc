#include "model/network.h"

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"
#include "model/safetensors.h"

namespace lqvg {
namespace {

// What a training checkpoint holds beyond the forward pass: RoBERTa's pooler, the class heads of the auxiliary losses
// and the second copy of the box heads.
std::vector<std::string> SparePrefixes(const Architecture& architecture) {
  std::vector<std::string> prefixes = {"text_encoder.pooler.", "transformer.decoder.bbox_embed."};
  for (int i = 0; i + 1 < architecture.dec_layers; ++i) prefixes.push_back(absl::StrCat("class_embed.", i, "."));
  return prefixes;
}

Network Make(TensorSource& source, const Architecture& architecture, at::Device device, BatchNorms norms,
             ClassHeads class_heads) {
  const Scope root(source);
  return {architecture,
          device,
          LoadImageEncoder(root, architecture, norms),
          LoadTextEncoder(root, architecture),
          LoadFusion(root, architecture),
          LoadDeformableTransformer(root, architecture, class_heads)};
}

}  // namespace

absl::StatusOr<std::unique_ptr<const Network>> LoadNetwork(const std::string& model_dir, at::Device device) {
  absl::StatusOr<Architecture> architecture = ReadArchitecture(model_dir + "/config.json");
  if (!architecture.ok()) return architecture.status();
  absl::StatusOr<std::shared_ptr<const Safetensors>> file = Safetensors::Open(model_dir + "/model.safetensors");
  if (!file.ok()) return file.status();

  Weights weights(*std::move(file), device);
  auto network = std::make_unique<Network>(MakeNetwork(weights, *architecture, device));
  if (absl::Status status = weights.Finish(SparePrefixes(*architecture)); !status.ok()) return status;
  return network;
}

Network MakeNetwork(TensorSource& source, const Architecture& architecture, at::Device device) {
  return Make(source, architecture, device, BatchNorms::kFolded, ClassHeads::kLast);
}

Network MakeTrainingNetwork(TensorSource& source, const Architecture& architecture, at::Device device,
                            BatchNorms norms) {
  return Make(source, architecture, device, norms, ClassHeads::kEvery);
}

at::Tensor ImagePositions(const std::vector<LevelShape>& levels, std::int64_t dim, at::Device device) {
  std::vector<at::Tensor> positions;
  positions.reserve(levels.size());
  for (const LevelShape& level : levels) positions.push_back(SinePositions(level, dim, device));
  return at::cat(positions, 0);
}

Proposals Ground(const Network& network, const ImageLevels& image, const TextWords& text, const Probe& probe) {
  const at::Tensor positions = ImagePositions(image.levels, network.architecture.hidden_dim, network.device);
  const Fused fused = Forward(network.fusion, image, positions, text, probe);
  return Forward(network.transformer, fused.tokens, image.levels, positions, fused.sentence, probe);
}

}  // namespace lqvg
