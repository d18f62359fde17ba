// A small problem of deformable attention for the kernels' tests, and its answer by the definition.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "model/kernels/kernels.h"

namespace lqvg::kernels {

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
inline double Expected(const Problem& p, std::int64_t query, std::int64_t head, std::int64_t channel,
                       bool inside_only) {
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

}  // namespace lqvg::kernels
