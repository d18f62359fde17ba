// The gradients of the kernel's path, against autograd through the plain path (grid_sampler) and central differences.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <vector>

#include "model/deform_attn.h"
#include "model/deform_attn_sampler.h"

namespace lqvg {
namespace {

const std::vector<LevelShape> kLevels = {{12, 9}, {6, 5}, {3, 2}, {1, 1}};
constexpr std::int64_t kCells = 12 * 9 + 6 * 5 + 3 * 2 + 1;
constexpr std::int64_t kManyQueries = 100, kFewQueries = 10;  // the memory is projected first; is sampled first

// Everything that a gradient is taken by, with names for messages.
struct Inputs {
  DeformAttn attention;
  at::Tensor query, references, memory;

  std::vector<std::pair<const char*, at::Tensor>> Named() const {
    return {{"query", query},
            {"references", references},
            {"memory", memory},
            {"sampling_offsets.weight", attention.sampling_offsets.weight},
            {"sampling_offsets.bias", attention.sampling_offsets.bias},
            {"attention_weights.weight", attention.attention_weights.weight},
            {"attention_weights.bias", attention.attention_weights.bias},
            {"value_proj.weight", attention.value_proj.weight},
            {"value_proj.bias", attention.value_proj.bias},
            {"output_proj.weight", attention.output_proj.weight},
            {"output_proj.bias", attention.output_proj.bias}};
  }
};

at::Tensor Leaf(const at::Tensor& tensor) { return tensor.clone().requires_grad_(true); }

// Offsets are wide enough that points leave every level on every side.
Inputs RandomInputs(std::int64_t dim, std::int64_t heads, std::int64_t queries, std::int64_t reference_size,
                    std::int64_t reference_pictures = 3) {
  const auto linear = [dim](std::int64_t out, double gain) {
    return Linear{Leaf(at::randn({out, dim}) * gain), Leaf(at::randn({out}))};
  };
  DeformAttn attention = {
      linear(heads * 4 * 4 * 2, 0.3), linear(heads * 4 * 4, 0.3), linear(dim, 0.2), linear(dim, 0.2), heads, 4};
  return {attention, Leaf(at::randn({3, queries, dim})), Leaf(at::rand({reference_pictures, queries, reference_size})),
          Leaf(at::randn({3, kCells, dim}))};
}

using PathFunction = at::Tensor (*)(const DeformAttn&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                    const std::vector<LevelShape>&);

std::vector<at::Tensor> Gradients(const Inputs& inputs, PathFunction path, const at::Tensor& grad_out) {
  const c10::AutoGradMode on(true);
  std::vector<at::Tensor> by;
  for (const auto& [name, tensor] : inputs.Named()) by.push_back(tensor);
  return torch::autograd::grad({path(inputs.attention, inputs.query, inputs.references, inputs.memory, kLevels)}, by,
                               {grad_out});
}

// Each gradient within 1e-4 of its largest component: both sides are float32 sums of up to some thousand terms.
void ExpectGradientsOfThePlainForm(const Inputs& inputs) {
  const at::Tensor grad_out = at::randn(inputs.query.sizes());
  const std::vector<at::Tensor> expected = Gradients(inputs, &ForwardPlain, grad_out),
                                found = Gradients(inputs, &Forward, grad_out);
  const auto named = inputs.Named();
  for (std::size_t i = 0; i < named.size(); ++i) {
    const double scale = expected[i].abs().max().item<double>();
    ASSERT_GT(scale, 1e-3) << named[i].first;
    EXPECT_LT((expected[i] - found[i]).abs().max().item<double>(), 1e-4 * scale) << named[i].first;
  }
}

TEST(DeformAttnGradientTest, ProjectingFirstGivesThatOfThePlainForm) {
  at::manual_seed(11);
  ExpectGradientsOfThePlainForm(RandomInputs(32, 4, kManyQueries, 2));
}

TEST(DeformAttnGradientTest, ProjectingFirstGivesThatOfThePlainFormInBoxes) {
  at::manual_seed(12);
  ExpectGradientsOfThePlainForm(RandomInputs(32, 4, kManyQueries, 4));
}

TEST(DeformAttnGradientTest, SamplingFirstGivesThatOfThePlainForm) {
  at::manual_seed(13);
  ExpectGradientsOfThePlainForm(RandomInputs(32, 4, kFewQueries, 2));
}

TEST(DeformAttnGradientTest, SamplingFirstGivesThatOfThePlainFormInBoxes) {
  at::manual_seed(14);
  ExpectGradientsOfThePlainForm(RandomInputs(32, 4, kFewQueries, 4));
}

TEST(DeformAttnGradientTest, ReferencesOfAWholeBatchGetTheSumOfItsPictures) {
  at::manual_seed(15);
  ExpectGradientsOfThePlainForm(RandomInputs(32, 4, kManyQueries, 2, /*reference_pictures=*/1));
}

TEST(DeformAttnGradientTest, HeadsOfAnyWidthGiveThatOfThePlainForm) {
  at::manual_seed(16);
  for (const std::int64_t head_dim : {1, 3, 16, 20, 35})
    ExpectGradientsOfThePlainForm(RandomInputs(2 * head_dim, 2, kManyQueries, 2));
}

// Points on the centres of cells, on the edges of the level and one cell outside it, where the gradient jumps: both
// paths take it to the right. Sizes are powers of two, so that both compute every place without rounding.
TEST(DeformAttnGradientTest, PointsOnBordersGiveThatOfThePlainForm) {
  at::manual_seed(17);
  const std::vector<LevelShape> levels = {{4, 8}};
  std::vector<float> offsets;  // of queries in the middle of the level, at (3.5, 1.5) in cells
  for (const float y : {-2.5f, -2.0f, -1.5f, -0.5f, 0.0f, 1.5f, 2.0f, 2.5f}) {
    for (const float x : {-5.0f, -4.5f, -4.0f, -3.5f, -0.5f, 0.0f, 3.5f, 4.0f, 4.5f, 5.0f})
      offsets.insert(offsets.end(), {x, y});
  }
  const std::int64_t points = static_cast<std::int64_t>(offsets.size()) / 2;
  // The projections' weights are zero, so their biases are the offsets and logits.
  const Inputs inputs = {{{Leaf(at::zeros({points * 2, 4})), Leaf(at::tensor(offsets))},
                          {Leaf(at::zeros({points, 4})), Leaf(at::randn({points}))},
                          {Leaf(at::randn({4, 4})), Leaf(at::randn({4}))},
                          {Leaf(at::randn({4, 4})), Leaf(at::randn({4}))},
                          1,
                          points},
                         Leaf(at::randn({1, 40, 4})),
                         Leaf(at::full({1, 40, 2}, 0.5)),
                         Leaf(at::randn({1, 32, 4}))};
  const auto bias_gradient = [&](PathFunction path) {
    const c10::AutoGradMode on(true);
    const at::Tensor out = path(inputs.attention, inputs.query, inputs.references, inputs.memory, levels);
    return torch::autograd::grad({out.sum()}, {inputs.attention.sampling_offsets.bias})[0];
  };
  const at::Tensor expected = bias_gradient(&ForwardPlain), found = bias_gradient(&Forward);
  EXPECT_LT((expected - found).abs().max().item<double>(), 1e-4 * expected.abs().max().item<double>());
}

// A source of truth that shares no code with autograd: the plain form in double precision, moved by 1e-6 each way.
TEST(DeformAttnGradientTest, CentralDifferencesAgree) {
  at::manual_seed(18);
  const Inputs inputs = RandomInputs(8, 2, 5, 4);
  const at::Tensor grad_out = at::randn(inputs.query.sizes());
  const std::vector<at::Tensor> found = Gradients(inputs, &Forward, grad_out);
  const c10::AutoGradMode off(false);
  const auto wide = [](const Linear& layer) {
    return Linear{layer.weight.to(at::kDouble), layer.bias.to(at::kDouble)};
  };
  const DeformAttn& narrow = inputs.attention;
  const Inputs doubles = {{wide(narrow.sampling_offsets), wide(narrow.attention_weights), wide(narrow.value_proj),
                           wide(narrow.output_proj), narrow.heads, narrow.points},
                          inputs.query.to(at::kDouble),
                          inputs.references.to(at::kDouble),
                          inputs.memory.to(at::kDouble)};
  const auto loss = [&] {
    return (ForwardPlain(doubles.attention, doubles.query, doubles.references, doubles.memory, kLevels) * grad_out)
        .sum()
        .item<double>();
  };
  const auto named = doubles.Named();
  for (std::size_t i = 0; i < named.size(); ++i) {
    const double scale = found[i].abs().max().item<double>();
    const at::Tensor flat = named[i].second.view({-1}), gradient = found[i].reshape({-1});
    for (std::int64_t k = 0; k < flat.size(0); k += 1 + flat.size(0) / 24) {
      double* const value = flat.mutable_data_ptr<double>() + k;
      const double before = *value, step = 1e-6;
      *value = before + step;
      const double above = loss();
      *value = before - step;
      const double below = loss();
      *value = before;
      EXPECT_NEAR(gradient[k].item<double>(), (above - below) / (2 * step), 1e-4 * scale) << named[i].first << " " << k;
    }
  }
}

// Two pictures of four heads over three threads: one of them has heads of both.
TEST(DeformAttnGradientTest, TheNumberOfThreadsChangesNoBit) {
  at::manual_seed(19);
  const int threads = at::get_num_threads();
  for (const bool shared : {false, true}) {
    const at::Tensor logits = Leaf(at::randn({2, kManyQueries, 4, 16})),
                     offsets = Leaf(at::randn({2, kManyQueries, 4, 4, 4, 2})),
                     references = Leaf(at::rand({2, kManyQueries, 4})), values = Leaf(at::randn({2, kCells, 32}));
    const auto gradients = [&](int count) {
      at::set_num_threads(count);
      const c10::AutoGradMode on(true);
      const Sampled sampled = Sample({values, shared ? 0 : 8, shared ? 32 : 8, offsets, logits, references, kLevels});
      return torch::autograd::grad({sampled.sum.sum() + sampled.inside.sum()}, {values, offsets, logits, references});
    };
    const std::vector<at::Tensor> one = gradients(1), three = gradients(3);
    at::set_num_threads(threads);
    for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(one[i].equal(three[i])) << shared << " " << i;
  }
}

TEST(DeformAttnGradientTest, ASecondDerivativeIsRefused) {
  at::manual_seed(20);
  const Inputs inputs = RandomInputs(8, 2, kManyQueries, 2);
  const c10::AutoGradMode on(true);
  const at::Tensor out = Forward(inputs.attention, inputs.query, inputs.references, inputs.memory, kLevels);
  EXPECT_THROW(torch::autograd::grad({out.sum()}, {inputs.memory}, {}, /*retain_graph=*/true, /*create_graph=*/true),
               c10::Error);
}

}  // namespace
}  // namespace lqvg
