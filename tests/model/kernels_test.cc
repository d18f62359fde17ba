#include "model/kernels/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <vector>

namespace lqvg::kernels {
namespace {

// A whole problem with its own storage; everything random but the shapes.
struct Problem {
  std::vector<DeformAttnLevel> levels;
  std::int64_t heads, points, channels, queries, reference_size, cell_stride, head_stride;
  std::vector<float> value, offsets, logits, references, out, inside;

  Problem(std::int64_t head_count, std::int64_t channel_count, std::int64_t point_count, std::int64_t box_size,
          bool shared)
      : levels{{0, 7, 5}, {35, 3, 4}, {47, 1, 1}},
        heads(head_count),
        points(point_count),
        channels(channel_count),
        queries(19),
        reference_size(box_size),
        cell_stride(shared ? channel_count : head_count * channel_count),
        head_stride(shared ? 0 : channel_count) {
    std::mt19937 random(7);
    const auto fill = [&](std::vector<float>* values, std::int64_t size, float low, float high) {
      std::uniform_real_distribution<float> uniform(low, high);
      values->resize(static_cast<std::size_t>(size));
      for (float& v : *values) v = uniform(random);
    };
    const std::int64_t per_query = heads * static_cast<std::int64_t>(levels.size()) * points;
    fill(&value, 48 * cell_stride, -1, 1);
    fill(&offsets, queries * per_query * 2, -4, 4);  // far enough to leave every level on every side
    fill(&logits, queries * per_query, -3, 3);
    fill(&references, queries * reference_size, 0, 1);
    out.assign(static_cast<std::size_t>(queries * heads * channels), -99.0f);
    inside.assign(static_cast<std::size_t>(queries * heads), -99.0f);
  }

  DeformAttnArgs Args() {
    return {value.data(),   cell_stride,   head_stride,
            offsets.data(), logits.data(), references.data(),
            reference_size, levels.data(), static_cast<std::int64_t>(levels.size()),
            heads,          points,        channels,
            out.data(),     inside.data()};
  }
};

// The definition, in double precision and without a trick: equation 3 of arXiv 2010.04159 with bilinear reading.
double Expected(const Problem& p, std::int64_t query, std::int64_t head, std::int64_t channel, bool inside_only) {
  const std::int64_t count = static_cast<std::int64_t>(p.levels.size()) * p.points,
                     first = (query * p.heads + head) * count;
  double sum = 0, total = 0;
  for (std::int64_t i = 0; i < count; ++i) total += std::exp(static_cast<double>(p.logits[first + i]));
  for (std::int64_t i = 0; i < count; ++i) {
    const DeformAttnLevel& level = p.levels[i / p.points];
    const float* reference = &p.references[query * p.reference_size];
    const double dx = p.offsets[2 * (first + i)], dy = p.offsets[2 * (first + i) + 1];
    const bool box = p.reference_size == 4;
    const double u = reference[0] + (box ? dx / p.points * reference[2] * 0.5 : dx / level.width);
    const double v = reference[1] + (box ? dy / p.points * reference[3] * 0.5 : dy / level.height);
    const double x = u * level.width - 0.5, y = v * level.height - 0.5;
    for (std::int64_t row = 0; row < level.height; ++row) {
      for (std::int64_t column = 0; column < level.width; ++column) {
        const double near = std::max(0.0, 1 - std::abs(x - column)) * std::max(0.0, 1 - std::abs(y - row));
        const double read =
            inside_only
                ? 1.0
                : p.value[(level.begin + row * level.width + column) * p.cell_stride + head * p.head_stride + channel];
        sum += std::exp(static_cast<double>(p.logits[first + i])) / total * near * read;
      }
    }
  }
  return sum;
}

void ExpectDefinition(Problem problem) {
  Kernels().deform_attn(problem.Args(), 0, problem.queries);
  for (std::int64_t q = 0; q < problem.queries; ++q) {
    for (std::int64_t h = 0; h < problem.heads; ++h) {
      EXPECT_NEAR(problem.inside[q * problem.heads + h], Expected(problem, q, h, 0, true), 1e-5);
      for (std::int64_t c = 0; c < problem.channels; ++c) {
        ASSERT_NEAR(problem.out[(q * problem.heads + h) * problem.channels + c], Expected(problem, q, h, c, false),
                    1e-5)
            << "query " << q << " head " << h << " channel " << c;
      }
    }
  }
}

TEST(KernelsTest, TheForcedInstructionSetIsTheOneRunning) {
  const char* forced = std::getenv("LQVG_ISA");
  if (forced == nullptr) GTEST_SKIP() << "LQVG_ISA is not set";
  EXPECT_STREQ(Kernels().isa, forced);
}

TEST(KernelsTest, PointsAroundACentreMatchTheDefinition) { ExpectDefinition(Problem(8, 32, 4, 2, false)); }
TEST(KernelsTest, PointsInABoxMatchTheDefinition) { ExpectDefinition(Problem(8, 32, 4, 4, false)); }
TEST(KernelsTest, HeadsMayShareAllChannels) { ExpectDefinition(Problem(4, 64, 4, 4, true)); }

TEST(KernelsTest, AnyNumberOfChannelsMatchesTheDefinition) {
  for (const std::int64_t channels : {1, 3, 15, 16, 17, 31, 33, 48, 50})
    ExpectDefinition(Problem(2, channels, 3, 2, false));
}

TEST(KernelsTest, ARangeWritesOnlyItsQueries) {
  Problem problem(2, 32, 4, 2, false);
  Kernels().deform_attn(problem.Args(), 5, 7);
  for (std::int64_t q = 0; q < problem.queries; ++q) {
    EXPECT_EQ(problem.inside[q * problem.heads] != -99.0f, q == 5 || q == 6) << q;
  }
}

TEST(KernelsTest, WildOffsetsReadNothing) {
  for (const float wild :
       {1e30f, -1e30f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Problem problem(2, 16, 4, 2, false);
    for (float& offset : problem.offsets) offset = wild;
    Kernels().deform_attn(problem.Args(), 0, problem.queries);
    for (const float v : problem.out) ASSERT_EQ(v, 0.0f);
    for (const float v : problem.inside) ASSERT_EQ(v, 0.0f);
  }
}

}  // namespace
}  // namespace lqvg::kernels
