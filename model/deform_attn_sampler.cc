#include "model/deform_attn_sampler.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "model/kernels/kernels.h"

namespace lqvg {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kQueriesPerTask = 64;

// What a kernel is told of a batch: contiguous tensors (references of every picture), held while the kernel runs.
struct Batch {
  at::Tensor values, offsets, logits, references;
  std::int64_t head_stride, channels;
  std::vector<kernels::DeformAttnLevel> levels;

  std::int64_t Size() const { return offsets.size(0); }
  std::int64_t Queries() const { return offsets.size(1); }
  std::int64_t Heads() const { return offsets.size(2); }

  // Picture b's, without a result.
  kernels::DeformAttnArgs Args(std::int64_t b) const {
    return {
        .value = values.const_data_ptr<float>() + b * values.stride(0),
        .cell_stride = values.size(2),
        .head_stride = head_stride,
        .offsets = offsets.const_data_ptr<float>() + b * offsets.stride(0),
        .logits = logits.const_data_ptr<float>() + b * logits.stride(0),
        .references = references.const_data_ptr<float>() + b * references.stride(0),
        .reference_size = references.size(2),
        .levels = levels.data(),
        .level_count = static_cast<std::int64_t>(levels.size()),
        .heads = Heads(),
        .points = offsets.size(4),
        .channels = channels,
        .out = nullptr,
        .inside = nullptr,
    };
  }
};

Sampled Run(const Batch& batch) {
  const std::int64_t size = batch.Size(), queries = batch.Queries(), heads = batch.Heads();
  Sampled sampled{at::empty({size, queries, heads, batch.channels}, batch.values.options()),
                  at::empty({size, queries, heads}, batch.values.options())};
  float* const sum = sampled.sum.mutable_data_ptr<float>();
  float* const inside = sampled.inside.mutable_data_ptr<float>();
  // Over the queries of all pictures, for the decoder's few queries of one picture occupy no second thread.
  at::parallel_for(0, size * queries, kQueriesPerTask, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first / queries; b * queries < last; ++b) {
      kernels::DeformAttnArgs args = batch.Args(b);
      args.out = sum + b * queries * heads * batch.channels;
      args.inside = inside + b * queries * heads;
      kernels::Kernels().deform_attn(args, std::max(first - b * queries, std::int64_t{0}),
                                     std::min(last - b * queries, queries));
    }
  });
  return sampled;
}

struct Gradients {
  at::Tensor values, offsets, logits, references;  // as in Batch; references undefined if not wanted
};

// One head of one picture's memory, for one thread at a time: its cells side by side, and their gradient. In the layout
// of the values a cell is all heads' channels from the next, 512 bytes at D = 128, so that all cells share an eighth of
// each cache's sets and drive one another out.
class Head {
 public:
  explicit Head(const Batch& batch) : values_(batch.values), cells_(batch.values.size(1)), channels_(batch.channels) {
    value_.resize(static_cast<std::size_t>(cells_ * channels_));
    gradient_.resize(value_.size());
  }

  // Reads the cells' channels from `first` on, and clears the gradient.
  void Load(std::int64_t b, std::int64_t first) {
    const float* from = values_.const_data_ptr<float>() + b * values_.stride(0) + first;
    for (std::int64_t n = 0; n < cells_; ++n)
      std::copy_n(from + n * values_.stride(1), channels_, value_.data() + n * channels_);
    std::fill(gradient_.begin(), gradient_.end(), 0.0f);
  }

  // Writes the gradient to where the channels were read.
  void Store(std::int64_t b, std::int64_t first, const at::Tensor& gradients) const {
    float* to = gradients.mutable_data_ptr<float>() + b * values_.stride(0) + first;
    for (std::int64_t n = 0; n < cells_; ++n)
      std::copy_n(gradient_.data() + n * channels_, channels_, to + n * values_.stride(1));
  }

  void Place(kernels::DeformAttnBackwardArgs* args) {
    args->forward.value = value_.data();
    args->forward.cell_stride = channels_;
    args->forward.head_stride = 0;
    args->grad_value = gradient_.data();
  }

 private:
  const at::Tensor& values_;
  const std::int64_t cells_, channels_;
  std::vector<float> value_, gradient_;
};

// `grad_inside` may be undefined: zero.
Gradients RunBackward(const Batch& batch, const at::Tensor& grad_sum, const at::Tensor& grad_inside,
                      bool wants_references) {
  const std::int64_t size = batch.Size(), queries = batch.Queries(), heads = batch.Heads();
  const Gradients gradients{
      at::zeros_like(batch.values), at::empty_like(batch.offsets), at::empty_like(batch.logits), {}};
  at::Tensor shares;  // each head's, for heads of one picture run on several threads
  if (wants_references) shares = at::empty({size, queries, heads, batch.references.size(2)}, batch.values.options());
  const auto row = [](const at::Tensor& tensor, std::int64_t b) {
    return tensor.defined() ? tensor.mutable_data_ptr<float>() + b * tensor.stride(0) : nullptr;
  };
  const auto args_of = [&](std::int64_t b) -> kernels::DeformAttnBackwardArgs {
    return {.forward = batch.Args(b),
            .queries = queries,
            .grad_out = row(grad_sum, b),
            .grad_inside = row(grad_inside, b),
            .grad_value = row(gradients.values, b),
            .grad_offsets = row(gradients.offsets, b),
            .grad_logits = row(gradients.logits, b),
            .grad_references = row(shares, b)};
  };
  // A cell's gradient must have one writer: a head of a picture, or the picture where heads share channels.
  if (batch.head_stride == 0) {
    at::parallel_for(0, size, 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t b = first; b < last; ++b) kernels::Kernels().deform_attn_backward(args_of(b), 0, heads);
    });
  } else {
    at::parallel_for(0, size * heads, 1, [&](std::int64_t first, std::int64_t last) {
      Head scratch(batch);
      for (std::int64_t i = first; i < last; ++i) {
        const std::int64_t b = i / heads, head = i % heads, channel = head * batch.head_stride;
        kernels::DeformAttnBackwardArgs args = args_of(b);
        scratch.Load(b, channel);
        scratch.Place(&args);
        kernels::Kernels().deform_attn_backward(args, head, head + 1);
        scratch.Store(b, channel, gradients.values);
      }
    });
  }
  return {gradients.values, gradients.offsets, gradients.logits, wants_references ? shares.sum(2) : at::Tensor()};
}

class SampleFunction : public torch::autograd::Function<SampleFunction> {
 public:
  static variable_list forward(AutogradContext* context, const at::Tensor& values, const at::Tensor& offsets,
                               const at::Tensor& logits, const at::Tensor& references, const Batch& shape) {
    Batch batch = shape;
    batch.values = values;
    batch.offsets = offsets;
    batch.logits = logits;
    batch.references = references;
    const Sampled sampled = Run(batch);
    context->save_for_backward({values, offsets, logits, references});
    context->set_materialize_grads(false);  // where nobody reads `inside`, its zeros need not be made
    std::vector<std::int64_t> levels;
    for (const kernels::DeformAttnLevel& level : shape.levels)
      levels.insert(levels.end(), {level.begin, level.height, level.width});
    context->saved_data["levels"] = std::move(levels);
    context->saved_data["head_stride"] = shape.head_stride;
    context->saved_data["channels"] = shape.channels;
    return {sampled.sum, sampled.inside};
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    TORCH_CHECK(!c10::GradMode::is_enabled(), "deformable attention's kernel has no second derivative");
    const variable_list saved = context->get_saved_variables();
    if (!grads[0].defined() && !grads[1].defined()) return variable_list(5);
    Batch batch{saved[0],
                saved[1],
                saved[2],
                saved[3],
                context->saved_data["head_stride"].toInt(),
                context->saved_data["channels"].toInt(),
                {}};
    const std::vector<std::int64_t> levels = context->saved_data["levels"].toIntVector();
    for (std::size_t i = 0; i < levels.size(); i += 3)
      batch.levels.push_back({levels[i], levels[i + 1], levels[i + 2]});
    const at::Tensor grad_sum =
        grads[0].defined()
            ? grads[0].contiguous()
            : at::zeros({batch.Size(), batch.Queries(), batch.Heads(), batch.channels}, batch.values.options());
    const at::Tensor grad_inside = grads[1].defined() ? grads[1].contiguous() : at::Tensor();
    const Gradients gradients =
        RunBackward(batch, grad_sum, grad_inside, /*wants_references=*/context->needs_input_grad(3));
    return {gradients.values, gradients.offsets, gradients.logits, gradients.references, at::Tensor()};
  }
};

}  // namespace

Sampled Sample(const DeformAttnSamples& samples) {
  const std::int64_t batch_size = samples.offsets.size(0), queries = samples.offsets.size(1);
  const at::Tensor references =
      samples.references.expand({batch_size, queries, samples.references.size(2)}).contiguous();
  Batch batch{samples.values.contiguous(),
              samples.offsets.contiguous(),
              samples.logits.contiguous(),
              references,
              samples.head_stride,
              samples.channels,
              {}};
  std::int64_t begin = 0;
  for (const LevelShape& level : samples.levels) {
    batch.levels.push_back({begin, level.height, level.width});
    begin += level.Cells();
  }
  if (!c10::GradMode::is_enabled()) return Run(batch);
  const variable_list results =
      SampleFunction::apply(batch.values, batch.offsets, batch.logits, batch.references, batch);
  return {results[0], results[1]};
}

}  // namespace lqvg
