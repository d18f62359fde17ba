#include "model/image_encoder.h"

#include <ATen/ATen.h>

#include <utility>

namespace lqvg {
namespace {

constexpr double kBatchNormEps = 1e-5;
constexpr double kBatchNormMomentum = 0.1;
constexpr double kGroupNormEps = 1e-5;
constexpr std::int64_t kGroups = 32;
constexpr int kExpansion = 4;  // a bottleneck's output channels over its width

Convolution LoadConvolution(const Scope& convolution, const Scope& norm, std::int64_t out, std::int64_t in,
                            std::int64_t kernel, std::int64_t stride, BatchNorms norms) {
  const at::Tensor weight = convolution.Take("weight", {out, in, kernel, kernel});
  BatchNorm kept = {norm.Take("weight", {out}), norm.Take("bias", {out}), norm.Take("running_mean", {out}),
                    norm.Take("running_var", {out}), norms == BatchNorms::kTrained};
  if (norms != BatchNorms::kFolded) return {weight, {}, stride, kernel / 2, std::move(kept)};
  const at::Tensor scale = kept.weight / at::sqrt(kept.running_var + kBatchNormEps);
  const at::Tensor shift = kept.bias - kept.running_mean * scale;
  return {(weight * scale.view({-1, 1, 1, 1})).contiguous(at::MemoryFormat::ChannelsLast), shift, stride, kernel / 2};
}

Bottleneck LoadBottleneck(const Scope& scope, std::int64_t in, std::int64_t width, std::int64_t stride, bool project,
                          BatchNorms norms) {
  const auto load = [&](const char* convolution, const char* norm, std::int64_t out, std::int64_t from,
                        std::int64_t kernel, std::int64_t step) {
    return LoadConvolution(scope.In(convolution), scope.In(norm), out, from, kernel, step, norms);
  };
  Bottleneck block;
  block.reduce = load("conv1", "bn1", width, in, 1, 1);
  block.spatial = load("conv2", "bn2", width, width, 3, stride);
  block.expand = load("conv3", "bn3", kExpansion * width, width, 1, 1);
  if (project) block.shortcut = load("downsample.0", "downsample.1", kExpansion * width, in, 1, stride);
  return block;
}

LevelProjection LoadProjection(const Scope& scope, std::int64_t out, std::int64_t in, std::int64_t kernel,
                               std::int64_t stride) {
  const Scope convolution = scope.In("0"), norm = scope.In("1");
  return {{convolution.Take("weight", {out, in, kernel, kernel}).contiguous(at::MemoryFormat::ChannelsLast),
           convolution.Take("bias", {out}), stride, kernel / 2},
          norm.Take("weight", {out}),
          norm.Take("bias", {out})};
}

at::Tensor Convolve(const Convolution& c, const at::Tensor& x) {
  const at::Tensor y = at::conv2d(x, c.weight, c.bias, c.stride, c.padding);
  if (!c.norm.weight.defined()) return y;
  return at::batch_norm(y, c.norm.weight, c.norm.bias, c.norm.running_mean, c.norm.running_var, c.norm.training,
                        kBatchNormMomentum, kBatchNormEps, /*cudnn_enabled=*/true);
}

at::Tensor Forward(const Bottleneck& block, const at::Tensor& x) {
  at::Tensor y = Convolve(block.reduce, x).relu_();
  y = Convolve(block.spatial, y).relu_();
  y = Convolve(block.expand, y);
  return y.add_(block.shortcut.weight.defined() ? Convolve(block.shortcut, x) : x).relu_();
}

// The norm runs channels first: ATen's channels-last form takes the variance as a difference of squares, which loses
// two digits where a level is nearly constant, as the border of a long strip is.
at::Tensor Forward(const LevelProjection& projection, const at::Tensor& x) {
  return at::group_norm(Convolve(projection.convolution, x).contiguous(at::MemoryFormat::Contiguous), kGroups,
                        projection.norm_weight, projection.norm_bias, kGroupNormEps);
}

// [B, S, S, 3] uint8 -> [B, 3, S, S] float, (x / 255 - mean) / std of ImageNet; channels last in memory.
at::Tensor Normalize(const at::Tensor& canvases) {
  const at::TensorOptions options = at::TensorOptions(at::kFloat).device(canvases.device());
  const at::Tensor mean = at::tensor({0.485f, 0.456f, 0.406f}, at::kFloat).to(options);
  const at::Tensor deviation = at::tensor({0.229f, 0.224f, 0.225f}, at::kFloat).to(options);
  return canvases.to(at::kFloat).div_(255.0).sub_(mean).div_(deviation).permute({0, 3, 1, 2});
}

}  // namespace

ImageEncoder LoadImageEncoder(const Scope& root, const Architecture& architecture, BatchNorms norms) {
  const BackboneShape& shape = architecture.backbone;
  const Scope body = root.In("backbone.0.body");
  ImageEncoder encoder;
  encoder.stem = LoadConvolution(body.In("conv1"), body.In("bn1"), shape.stem, 3, 7, 2, norms);
  std::int64_t channels = shape.stem;
  for (int stage = 0; stage < 4; ++stage) {
    const Scope layer = body.In("layer" + std::to_string(stage + 1));
    for (int block = 0; block < shape.blocks[stage]; ++block) {
      const std::int64_t stride = stage > 0 && block == 0 ? 2 : 1;
      encoder.stages[stage].push_back(
          LoadBottleneck(layer.In(std::to_string(block)), channels, shape.widths[stage], stride, block == 0, norms));
      channels = kExpansion * shape.widths[stage];
    }
  }
  for (int level = 0; level < 3; ++level) {
    encoder.projections[level] = LoadProjection(root.In("input_proj", level), architecture.hidden_dim,
                                                kExpansion * shape.widths[level + 1], 1, 1);
  }
  encoder.projections[3] = LoadProjection(root.In("input_proj", 3), architecture.hidden_dim, channels, 3, 2);
  return encoder;
}

ImageLevels Forward(const ImageEncoder& encoder, const at::Tensor& canvases, const Probe& probe) {
  at::Tensor x = Normalize(canvases);
  if (probe) probe("input", x);
  x = at::max_pool2d(Convolve(encoder.stem, x).relu_(), 3, 2, 1);

  ImageLevels levels;
  std::vector<at::Tensor> tokens;
  const auto project = [&](int level, const at::Tensor& feature) {
    const at::Tensor projected = Forward(encoder.projections[level], feature);  // [B, D, H, W]
    if (probe) probe("input_proj." + std::to_string(level), projected);
    levels.levels.push_back({projected.size(2), projected.size(3)});
    tokens.push_back(projected.flatten(2).transpose(1, 2));
  };
  for (int stage = 0; stage < 4; ++stage) {
    for (const Bottleneck& block : encoder.stages[stage]) x = Forward(block, x);
    if (stage == 0) continue;
    if (probe) probe("backbone.layer" + std::to_string(stage + 1), x);
    project(stage - 1, x);
  }
  project(3, x);
  levels.tokens = at::cat(tokens, 1);
  return levels;
}

}  // namespace lqvg
