// The backward kernel by itself: against differences of the definition, and the instruction sets against one another.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "model/kernels/kernels.h"
#include "tests/model/deform_attn_problem.h"

namespace lqvg::kernels {
namespace {

constexpr float kUnwritten = -99.0f;

// A problem's gradients for a random incoming one.
struct Gradients {
  std::vector<float> grad_out, grad_inside, value, offsets, logits, references;

  explicit Gradients(const Problem& p) {
    std::mt19937 random(8);
    std::uniform_real_distribution<float> uniform(-1, 1);
    const auto like = [&](std::vector<float>* to, const std::vector<float>& from) {
      to->resize(from.size());
      for (float& v : *to) v = uniform(random);
    };
    like(&grad_out, p.out);
    like(&grad_inside, p.inside);
    value.assign(p.value.size(), 0.0f);
    offsets.assign(p.offsets.size(), kUnwritten);
    logits.assign(p.logits.size(), kUnwritten);
    references.assign(static_cast<std::size_t>(p.queries * p.heads * p.reference_size), kUnwritten);
  }

  DeformAttnBackwardArgs Args(Problem* p) {
    return {p->Args(),    p->queries,     grad_out.data(), grad_inside.data(),
            value.data(), offsets.data(), logits.data(),   references.data()};
  }
};

Gradients GradientsOf(const KernelTable& table, Problem problem) {
  Gradients gradients(problem);
  table.deform_attn_backward(gradients.Args(&problem), 0, problem.heads);
  return gradients;
}

// What the incoming gradient is the gradient of: queries begin..end - 1 of the definition.
double Loss(const Problem& p, const Gradients& g, std::int64_t begin, std::int64_t end) {
  double sum = 0;
  for (std::int64_t i = begin * p.heads; i < end * p.heads; ++i) {
    sum += g.grad_inside[i] * Expected(p, i / p.heads, i % p.heads, 0, true);
    for (std::int64_t c = 0; c < p.channels; ++c)
      sum += g.grad_out[i * p.channels + c] * Expected(p, i / p.heads, i % p.heads, c, false);
  }
  return sum;
}

// The loss's central difference along `x`, a number of the problem. The step is small, so that next to no point crosses
// the centre of a cell on the way, where the slope changes; the floats' real distance is what counts.
double Slope(const Problem& p, const Gradients& g, float* x, std::int64_t begin, std::int64_t end) {
  const float before = *x, above = before + 4e-6f, below = before - 4e-6f;
  *x = above;
  const double high = Loss(p, g, begin, end);
  *x = below;
  const double low = Loss(p, g, begin, end);
  *x = before;
  return (high - low) / (static_cast<double>(above) - static_cast<double>(below));
}

// Every gradient of a few queries, and of some of the cells.
void ExpectSlopes(Problem p) {
  p.queries = 3;
  const Gradients g = GradientsOf(Kernels(), p);
  const std::int64_t points = p.heads * static_cast<std::int64_t>(p.levels.size()) * p.points;
  for (std::int64_t i = 0; i < p.queries * points; ++i) {
    const std::int64_t q = i / points;
    EXPECT_NEAR(g.logits[i], Slope(p, g, &p.logits[i], q, q + 1), 1e-4) << "logit " << i;
    EXPECT_NEAR(g.offsets[2 * i], Slope(p, g, &p.offsets[2 * i], q, q + 1), 1e-4) << "x of offset " << i;
    EXPECT_NEAR(g.offsets[2 * i + 1], Slope(p, g, &p.offsets[2 * i + 1], q, q + 1), 1e-4) << "y of offset " << i;
  }
  for (std::int64_t i = 0; i < p.queries * p.reference_size; ++i) {
    const std::int64_t q = i / p.reference_size;
    float found = 0;
    for (std::int64_t h = 0; h < p.heads; ++h)
      found += g.references[(q * p.heads + h) * p.reference_size + i % p.reference_size];
    EXPECT_NEAR(found, Slope(p, g, &p.references[i], q, q + 1), 1e-3) << "reference " << i;  // in levels, not cells
  }
  for (std::size_t i = 0; i < p.value.size(); i += 7)
    EXPECT_NEAR(g.value[i], Slope(p, g, &p.value[i], 0, p.queries), 1e-4) << "value " << i;
}

TEST(DeformAttnBackwardTest, GradientsAreTheSlopesOfTheDefinition) { ExpectSlopes(Problem(2, 5, 2, 2, false)); }
TEST(DeformAttnBackwardTest, GradientsInBoxesAreTheSlopesOfTheDefinition) { ExpectSlopes(Problem(2, 5, 2, 4, false)); }
TEST(DeformAttnBackwardTest, GradientsOfSharedChannelsAreTheSlopesOfTheDefinition) {
  ExpectSlopes(Problem(2, 5, 2, 4, true));
}

void ExpectNear(const char* what, const std::vector<float>& expected, const std::vector<float>& found) {
  ASSERT_EQ(expected.size(), found.size());
  float scale = 0, worst = 0;
  for (const float v : expected) scale = std::max(scale, std::abs(v));
  for (std::size_t i = 0; i < expected.size(); ++i) worst = std::max(worst, std::abs(expected[i] - found[i]));
  EXPECT_LE(worst, 1e-5f * scale) << what;
}

TEST(DeformAttnBackwardTest, InstructionSetsAgree) {
  for (const std::int64_t channels : {1, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 48, 50, 128}) {
    for (const bool shared : {false, true}) {
      SCOPED_TRACE("channels " + std::to_string(channels) + (shared ? " shared" : ""));
      const Problem problem(4, channels, 4, shared ? 4 : 2, shared);
      const Gradients expected = GradientsOf(kGenericKernels, problem), found = GradientsOf(Kernels(), problem);
      ExpectNear("value", expected.value, found.value);
      ExpectNear("offsets", expected.offsets, found.offsets);
      ExpectNear("logits", expected.logits, found.logits);
      ExpectNear("references", expected.references, found.references);
    }
  }
}

TEST(DeformAttnBackwardTest, ARangeWritesOnlyItsHeadsAndTheSplitChangesNoBit) {
  Problem problem(3, 16, 4, 4, false);
  const Gradients whole = GradientsOf(Kernels(), problem);
  Gradients parts(problem);
  Kernels().deform_attn_backward(parts.Args(&problem), 1, 2);
  for (std::size_t i = 0; i < parts.references.size(); ++i) {
    const std::size_t head = i / 4 % 3;
    ASSERT_EQ(parts.references[i] != kUnwritten, head == 1) << i;
  }
  for (std::size_t i = 0; i < parts.value.size(); ++i) {
    const std::size_t head = i / 16 % 3;
    ASSERT_EQ(parts.value[i], head == 1 ? whole.value[i] : 0.0f) << i;
  }
  Kernels().deform_attn_backward(parts.Args(&problem), 2, 3);
  Kernels().deform_attn_backward(parts.Args(&problem), 0, 1);
  EXPECT_EQ(parts.value, whole.value);
  EXPECT_EQ(parts.offsets, whole.offsets);
  EXPECT_EQ(parts.logits, whole.logits);
  EXPECT_EQ(parts.references, whole.references);
}

TEST(DeformAttnBackwardTest, WhatIsNotAskedForMayBeNull) {
  Problem problem(2, 16, 4, 4, false);
  Gradients zero(problem), null(problem);
  for (float& v : zero.grad_inside) v = 0;
  Kernels().deform_attn_backward(zero.Args(&problem), 0, 2);
  DeformAttnBackwardArgs args = null.Args(&problem);
  args.grad_inside = nullptr;
  args.grad_references = nullptr;
  Kernels().deform_attn_backward(args, 0, 2);
  EXPECT_EQ(null.value, zero.value);
  EXPECT_EQ(null.offsets, zero.offsets);
  EXPECT_EQ(null.logits, zero.logits);
  for (const float v : null.references) ASSERT_EQ(v, kUnwritten);
}

TEST(DeformAttnBackwardTest, WildOffsetsHaveNoGradient) {
  for (const float wild :
       {1e30f, -1e30f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Problem problem(2, 16, 4, 2, false);
    for (float& offset : problem.offsets) offset = wild;
    const Gradients gradients = GradientsOf(Kernels(), problem);
    for (const std::vector<float>* all :
         {&gradients.value, &gradients.offsets, &gradients.logits, &gradients.references}) {
      for (const float v : *all) ASSERT_EQ(v, 0.0f);
    }
  }
}

}  // namespace
}  // namespace lqvg::kernels
