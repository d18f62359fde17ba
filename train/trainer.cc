#include "train/trainer.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "model/safetensors_writer.h"
#include "model/stored_tensor.h"

namespace lqvg::train {
namespace {

// Matrix products and convolutions in bfloat16, whose range is fp32's: no loss scaling is needed.
class MixedPrecision {
 public:
  MixedPrecision(at::DeviceType device, bool enabled) : device_(device), enabled_(enabled) {
    if (!enabled_) return;
    at::autocast::set_autocast_dtype(device_, at::kBFloat16);
    at::autocast::set_autocast_enabled(device_, true);
  }
  ~MixedPrecision() {
    if (!enabled_) return;
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, false);
  }
  MixedPrecision(const MixedPrecision&) = delete;
  MixedPrecision& operator=(const MixedPrecision&) = delete;

 private:
  const at::DeviceType device_;
  const bool enabled_;
};

// Processors without instructions for bfloat16 take it apart, at a twentieth of fp32's speed (docs/training.md).
bool MultipliesBf16(at::DeviceType device) {
  if (device != at::kCPU) return true;
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

bool IsMixed(const Recipe& recipe, at::DeviceType device) {
  return recipe.precision == "bf16" || (recipe.precision == "auto" && MultipliesBf16(device));
}

BatchNorms NormsOf(const Recipe& recipe) {
  if (recipe.batch_norms == "auto") return recipe.from_scratch ? BatchNorms::kTrained : BatchNorms::kFrozen;
  return recipe.batch_norms == "trained" ? BatchNorms::kTrained : BatchNorms::kFrozen;
}

// A frozen norm keeps its scale and shift, too.
std::vector<std::string> FrozenParts(const Recipe& recipe) {
  std::vector<std::string> parts = recipe.frozen;
  if (NormsOf(recipe) == BatchNorms::kFrozen) {
    for (const char* part : {".bn1.", ".bn2.", ".bn3.", ".downsample.1."}) parts.push_back(part);
  }
  return parts;
}

std::vector<RateGroup> RateGroups(const Recipe& recipe) {
  std::vector<RateGroup> groups;
  for (const Recipe::Rate& rate : recipe.rates) groups.push_back({rate.parts, rate.rate});
  return groups;
}

absl::Status WriteTensors(const std::string& path, const NamedTensors& tensors) {
  std::vector<at::Tensor> kept;  // keeps the bytes alive
  std::vector<NamedTensor> entries;
  for (const auto& [name, tensor] : tensors) {
    kept.push_back(tensor.detach().to(at::kCPU).contiguous());
    const at::Tensor& bytes = kept.back();
    entries.push_back({name,
                       StoredTypeOf(bytes.scalar_type()),
                       bytes.sizes().vec(),
                       {static_cast<const std::byte*>(bytes.const_data_ptr()), bytes.nbytes()}});
  }
  return WriteSafetensors(path, entries);
}

}  // namespace

std::vector<Proposals> Propose(const Network& network, const Batch& batch, std::vector<at::Tensor>* queries) {
  ImageLevels image = Forward(network.image_encoder, batch.canvases);
  // Sums and norms from here on in fp32, whatever the convolutions ran in.
  image.tokens = image.tokens.to(at::kFloat).index_select(0, batch.picture);  // [B, N, D]
  const TextWords text = Forward(network.text_encoder, batch.token_ids, batch.valid);
  const at::Tensor positions = ImagePositions(image.levels, network.architecture.hidden_dim, network.device);
  const Fused fused = Forward(network.fusion, image, positions, text);
  const auto keep = [queries](const std::string& name, const at::Tensor& value) {
    if (queries != nullptr && absl::StartsWith(name, "decoder.")) queries->push_back(value);
  };
  return ForwardLayers(network.transformer, fused.tokens.to(at::kFloat), image.levels, positions,
                       fused.sentence.to(at::kFloat), keep);
}

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Create(const Recipe& recipe, const SampleSource& source,
                                                         at::Device device) {
  absl::StatusOr<Architecture> architecture = ReadArchitecture(recipe.model_dir + "/config.json");
  if (!architecture.ok()) return architecture.status();
  std::shared_ptr<const Safetensors> start;
  if (!recipe.from_scratch) {
    absl::StatusOr<std::shared_ptr<const Safetensors>> file =
        Safetensors::Open(recipe.model_dir + "/model.safetensors");
    if (!file.ok()) return file.status();
    start = *std::move(file);
  }
  auto parameters = std::make_unique<Parameters>(recipe.seed, architecture->nheads, device, std::move(start),
                                                 recipe.begin_anew, FrozenParts(recipe));
  Network network = MakeTrainingNetwork(*parameters, *architecture, device, NormsOf(recipe));
  std::vector<FacetHeads> facet_heads;
  if (recipe.facets > 0) facet_heads = LoadFacetHeads(*parameters, *architecture);
  if (!parameters->status().ok()) return parameters->status();
  return std::unique_ptr<Trainer>(
      new Trainer(recipe, source, device, std::move(parameters), std::move(network), std::move(facet_heads)));
}

Trainer::Trainer(const Recipe& recipe, const SampleSource& source, at::Device device,
                 std::unique_ptr<Parameters> parameters, Network network, std::vector<FacetHeads> facet_heads)
    : recipe_(recipe),
      parameters_(std::move(parameters)),
      network_(std::move(network)),
      facet_heads_(std::move(facet_heads)),
      optimizer_(parameters_->tensors(), RateGroups(recipe), recipe.weight_decay),
      batches_(source, recipe.pictures_per_step, network_.architecture.text_encoder.pad_token_id, device) {
  for (const auto& [name, tensor] : parameters_->tensors()) average_[name] = tensor.detach().clone();
}

absl::StatusOr<StepReport> Trainer::Step() {
  absl::StatusOr<Batch> batch = batches_.Take(static_cast<std::uint64_t>(step_));
  if (!batch.ok()) return batch.status();
  const std::int64_t step = step_ + 1;
  std::vector<Proposals> layers;
  std::vector<at::Tensor> queries;
  {
    const at::DeviceType device = network_.device.type();
    const MixedPrecision mixed(device, IsMixed(recipe_, device));
    layers = Propose(network_, *batch, &queries);
  }
  const LossWeights weights = {recipe_.focal, recipe_.l1, recipe_.giou};
  Losses losses = Criterion(layers, batch->targets, weights);
  double facets = 0;
  if (!facet_heads_.empty()) {
    const at::Tensor loss = FacetLoss(layers, queries, facet_heads_, batch->targets, batch->mentions, weights);
    losses.total = losses.total + recipe_.facets * loss;
    facets = loss.item<double>();
  }
  const double total = losses.total.item<double>();
  if (!std::isfinite(total)) {
    return absl::DataLossError(
        absl::StrCat("step ", step, ": the loss is ", total, "; a lower learning_rate or max_gradient_norm may help"));
  }
  losses.total.backward();
  const at::Tensor norm = optimizer_.ClipGradients(recipe_.max_gradient_norm);
  const double rate = LearningRate(recipe_, step);
  optimizer_.Step(step, rate);
  step_ = step;
  UpdateAverage();
  return StepReport{step,
                    batch->picture.size(0),
                    total,
                    losses.focal.item<double>(),
                    losses.l1.item<double>(),
                    losses.giou.item<double>(),
                    facets,
                    norm.item<double>(),
                    rate};
}

// The average follows quickly at first, when it would else remember the first weights.
void Trainer::UpdateAverage() {
  const c10::NoGradGuard no_grad;
  const double steps = static_cast<double>(step_);
  const double decay = std::min(recipe_.average_decay, (1 + steps) / (10 + steps));
  std::vector<at::Tensor> average, latest;
  for (const auto& [name, tensor] : parameters_->tensors()) {
    average.push_back(average_.at(name));
    latest.push_back(tensor);
  }
  at::_foreach_lerp_(average, latest, 1 - decay);
}

NamedTensors Trainer::CheckpointTensors() const {
  NamedTensors tensors;
  for (const auto& [name, tensor] : parameters_->tensors()) tensors["parameter." + name] = tensor.detach();
  for (const auto& [name, tensor] : average_) tensors["average." + name] = tensor;
  for (const auto& [name, tensor] : optimizer_.first_moments()) tensors["first." + name] = tensor;
  for (const auto& [name, tensor] : optimizer_.second_moments()) tensors["second." + name] = tensor;
  return tensors;
}

absl::Status Trainer::Save(const std::string& path) const {
  NamedTensors tensors = CheckpointTensors();
  tensors["step"] = at::full({1}, step_, at::kLong);
  return WriteTensors(path, tensors);
}

absl::Status Trainer::Load(const std::string& path) {
  absl::StatusOr<std::shared_ptr<const Safetensors>> file = Safetensors::Open(path);
  if (!file.ok()) return file.status();
  const auto& stored = (*file)->tensors();
  const NamedTensors mine = CheckpointTensors();
  const auto step = stored.find("step");
  if (step == stored.end() || step->second.type != StoredType::kI64 || stored.size() != mine.size() + 1) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": not a checkpoint of this model and recipe"));
  }
  for (const auto& [name, tensor] : mine) {
    const auto found = stored.find(name);
    if (found == stored.end() || at::IntArrayRef(found->second.shape) != tensor.sizes() ||
        found->second.type != StoredType::kF32) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": has no tensor ", name, " of the model's shape"));
    }
  }
  const c10::NoGradGuard no_grad;
  for (const auto& [name, tensor] : mine) tensor.copy_(InPlace(*file, stored.at(name)));
  step_ = InPlace(*file, step->second).item<std::int64_t>();
  return absl::OkStatus();
}

Network Trainer::Exported() const {
  const c10::NoGradGuard no_grad;
  HeldTensors source(average_);
  return MakeNetwork(source, network_.architecture, network_.device);
}

absl::Status Trainer::Export(const std::string& directory) const {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  for (const char* name : {"config.json", "vocab.json", "merges.txt"}) {
    if (error) break;
    std::filesystem::copy_file(recipe_.model_dir + "/" + name, directory + "/" + name,
                               std::filesystem::copy_options::overwrite_existing, error);
  }
  if (error) return absl::UnavailableError(absl::StrCat(directory, ": ", error.message()));
  // The heads of the auxiliary losses answer nothing; leaving them out is what the format allows.
  const std::string last_head = absl::StrCat("class_embed.", network_.architecture.dec_layers - 1, ".");
  NamedTensors halves;
  for (const auto& [name, tensor] : average_) {
    if (absl::StartsWith(name, "class_embed.") && !absl::StartsWith(name, last_head)) continue;
    if (IsTrainingOnly(name)) continue;
    halves[name] = tensor.to(at::kHalf);
  }
  return WriteTensors(directory + "/model.safetensors", halves);
}

}  // namespace lqvg::train
