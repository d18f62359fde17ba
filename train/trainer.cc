#include "train/trainer.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <future>
#include <numeric>
#include <optional>
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

// A frozen norm keeps its scale and shift, too.
std::vector<std::string> FrozenParts(const Recipe& recipe) {
  std::vector<std::string> parts = recipe.frozen;
  if (FreezesBatchNorms(recipe)) {
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
  Network network = MakeTrainingNetwork(*parameters, *architecture, device,
                                        FreezesBatchNorms(recipe) ? BatchNorms::kFrozen : BatchNorms::kTrained);
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
      batches_(source, recipe.pictures_per_step, recipe.parts_per_step, network_.architecture.text_encoder.pad_token_id,
               device) {
  for (const auto& [name, tensor] : parameters_->tensors()) {
    average_[name] = tensor.detach().clone();
    if (tensor.requires_grad()) learning_.push_back(tensor);
  }
  if (recipe.parts_per_step > 1) {
    const int threads = std::max(1, at::get_num_threads() / recipe.parts_per_step);
    helpers_ = std::make_unique<c10::ThreadPool>(recipe.parts_per_step, /*numa_node_id=*/-1,
                                                 [threads] { at::set_num_threads(threads); });
  }
}

Trainer::Lesson Trainer::Learn(const Batch& batch, double share) const {
  std::vector<Proposals> layers;
  std::vector<at::Tensor> queries;
  {
    const at::DeviceType device = network_.device.type();
    const MixedPrecision mixed(device, IsMixed(recipe_, device));
    layers = Propose(network_, batch, &queries);
  }
  const LossWeights weights = {recipe_.focal, recipe_.l1, recipe_.giou};
  const Losses losses = Criterion(layers, batch.targets, weights);
  at::Tensor total = losses.total, facets = at::zeros({});
  if (!facet_heads_.empty()) {
    facets = FacetLoss(layers, queries, facet_heads_, batch.targets, batch.mentions, weights);
    total = total + recipe_.facets * facets;
  }
  total = total * share;
  const auto part = [share](const at::Tensor& loss) { return share * loss.item<double>(); };
  return {total.item<double>(),
          part(losses.focal),
          part(losses.l1),
          part(losses.giou),
          part(facets),
          torch::autograd::grad({total}, learning_, {}, /*retain_graph=*/std::nullopt, /*create_graph=*/false,
                                /*allow_unused=*/true)};
}

// By threads of their own: two that work on different pictures wait for each other once a step, two that share every
// operation at each.
std::vector<Trainer::Lesson> Trainer::LearnEach(const std::vector<Batch>& batches) {
  if (helpers_ == nullptr) return {Learn(batches.front(), 1.0)};
  // The criterion divides by the number of answers, which must be that of the whole step.
  std::vector<double> answers;
  for (const Batch& batch : batches) answers.push_back(std::max(1.0, batch.targets.present.sum().item<double>()));
  const double all = std::accumulate(answers.begin(), answers.end(), 0.0);
  std::vector<std::packaged_task<Lesson()>> tasks;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    tasks.emplace_back([this, &batch = batches[i], share = answers[i] / all] { return Learn(batch, share); });
  }
  for (std::packaged_task<Lesson()>& task : tasks) helpers_->run([&task] { task(); });
  helpers_->waitWorkComplete();
  std::vector<Lesson> lessons;
  for (std::packaged_task<Lesson()>& task : tasks) lessons.push_back(task.get_future().get());
  return lessons;
}

void Trainer::AddGradients(const Lesson& lesson) {
  for (std::size_t i = 0; i < learning_.size(); ++i) {
    if (!lesson.gradients[i].defined()) continue;
    at::Tensor& sum = learning_[i].mutable_grad();
    // A copy: one gradient may be that of two parameters, and is going to be scaled in place.
    sum = sum.defined() ? sum + lesson.gradients[i] : lesson.gradients[i].clone();
  }
}

absl::StatusOr<StepReport> Trainer::Step() {
  absl::StatusOr<std::vector<Batch>> batches = batches_.Take(static_cast<std::uint64_t>(step_));
  if (!batches.ok()) return batches.status();
  const std::vector<Lesson> lessons = LearnEach(*batches);
  StepReport report;
  report.step = step_ + 1;
  for (const Batch& batch : *batches) report.samples += batch.picture.size(0);
  for (const Lesson& lesson : lessons) {
    report.total += lesson.total, report.focal += lesson.focal, report.l1 += lesson.l1, report.giou += lesson.giou;
    report.facets += lesson.facets;
  }
  if (!std::isfinite(report.total)) {
    return absl::DataLossError(absl::StrCat("step ", report.step, ": the loss is ", report.total,
                                            "; a lower learning_rate or max_gradient_norm may help"));
  }
  for (const Lesson& lesson : lessons) AddGradients(lesson);  // in order, so that the sums are the same every time
  report.gradient_norm = optimizer_.ClipGradients(recipe_.max_gradient_norm).item<double>();
  report.learning_rate = LearningRate(recipe_, report.step);
  optimizer_.Step(report.step, report.learning_rate);
  step_ = report.step;
  UpdateAverage();
  return report;
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
