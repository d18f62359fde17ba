// The body of the deformable attention kernel's gradient, compiled once per instruction set by the file that includes
// it; everything is in an unnamed namespace, as in deform_attn_body.h.
//
// Head-major: one head's channels of all cells (a cache line a cell at 16 channels) stay in the second-level cache
// while its queries go by, and nobody else writes them. Per point, one pass over the four cells around it does both
// halves of the work: the products with the incoming gradient, from which every other gradient follows, and the
// addition to the cells' own gradient. Softmax and places are computed again: to keep them costs more memory traffic.
#pragma once

#include "model/kernels/deform_attn_body.h"
#include "model/kernels/kernels.h"

namespace lqvg::kernels {
namespace {

#if defined(__AVX512F__)
#define LQVG_SHUFFLE(a, b, i, j, k, l)                                                                            \
  __builtin_shufflevector(a, b, i, j, (k) + 16, (l) + 16, (i) + 4, (j) + 4, (k) + 20, (l) + 20, (i) + 8, (j) + 8, \
                          (k) + 24, (l) + 24, (i) + 12, (j) + 12, (k) + 28, (l) + 28)
#elif defined(__AVX2__)
#define LQVG_SHUFFLE(a, b, i, j, k, l) \
  __builtin_shufflevector(a, b, i, j, (k) + 8, (l) + 8, (i) + 4, (j) + 4, (k) + 12, (l) + 12)
#else
#define LQVG_SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, (k) + 4, (l) + 4)
#endif
using Quad [[gnu::vector_size(16), gnu::aligned(4), gnu::may_alias]] = float;
using Mask [[gnu::vector_size(16), gnu::aligned(4), gnu::may_alias]] = std::int32_t;  // -1 or 0, as comparisons give

// The floats whose mask is set; zero in place of the others, whatever they are.
inline Quad Keep(const Quad& v, const Mask& mask) { return (Quad)((Mask)v & mask); }

// The sum of each 4th float: 0, 4, 8...; 1, 5, 9...
inline Quad SumQuads(const Register& v) {
#if defined(__AVX512F__)
  const auto half = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                    __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
  return __builtin_shufflevector(half, half, 0, 1, 2, 3) + __builtin_shufflevector(half, half, 4, 5, 6, 7);
#elif defined(__AVX2__)
  return __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7);
#else
  return v;
#endif
}

// The sum of all floats of each: a transposition of 4 x 4 blocks on the way costs half as much as four sums.
inline Quad SumFour(const Register& a, const Register& b, const Register& c, const Register& d) {
  const Register ab = LQVG_SHUFFLE(a, b, 0, 1, 0, 1) + LQVG_SHUFFLE(a, b, 2, 3, 2, 3);  // a a b b
  const Register cd = LQVG_SHUFFLE(c, d, 0, 1, 0, 1) + LQVG_SHUFFLE(c, d, 2, 3, 2, 3);  // c c d d
  return SumQuads(LQVG_SHUFFLE(ab, cd, 0, 2, 0, 2) + LQVG_SHUFFLE(ab, cd, 1, 3, 1, 3));
}
#undef LQVG_SHUFFLE

// The four cells around a point, in one order everywhere: top left, top right, bottom left, bottom right.
struct Square {
  std::int64_t cell[4];
  Quad near;            // the share of each in what the point reads; zero outside the level
  Mask inside;          // which count
  float right, bottom;  // how far the point is from the top left cell, 0..1
};

// False if no cell is inside. Points exactly one cell before the level (x = -1) are taken though they read zero: there
// grid_sample's gradient, taken to the right, is not zero. Free of branches but for the first: which of the cells are
// inside is what a processor guesses wrong.
inline bool FindSquare(const DeformAttnLevel& level, float x, float y, Square* square) {
  const float width = static_cast<float>(level.width), height = static_cast<float>(level.height);
  if (!(x >= -1.0f && y >= -1.0f && x < width && y < height)) return false;
  const float left = __builtin_floorf(x), top = __builtin_floorf(y), right = x - left, bottom = y - top;
  const Quad columns = {left, left + 1, left, left + 1}, rows = {top, top, top + 1, top + 1};
  const Quad across = {1 - right, right, 1 - right, right}, down = {1 - bottom, 1 - bottom, bottom, bottom};
  square->inside = (columns >= 0.0f) & (rows >= 0.0f) & (columns < width) & (rows < height);
  square->near = Keep(across * down, square->inside);
  square->right = right;
  square->bottom = bottom;
  // A cell outside stands in as the nearest one inside; its share is zero.
  const std::int64_t column = static_cast<std::int64_t>(left), row = static_cast<std::int64_t>(top);
  const std::int64_t first = level.begin + (row < 0 ? 0 : row) * level.width + (column < 0 ? 0 : column);
  const std::int64_t next_column = (column >= 0) & (column + 1 < level.width);
  const std::int64_t next_row = ((row >= 0) & (row + 1 < level.height)) * level.width;
  square->cell[0] = first;
  square->cell[1] = first + next_column;
  square->cell[2] = first + next_row;
  square->cell[3] = first + next_row + next_column;
  return true;
}

// Adds share[k] * g to gradient row k and returns g . row k.
inline Quad PassCells(const float* g, std::int64_t channels, const float* const rows[4], float* const grad_rows[4],
                      const Quad share) {
  Register a{}, b{}, c{}, d{};
  std::int64_t i = 0;
  for (; i + kRegisterFloats <= channels; i += kRegisterFloats) {
    const Register incoming = *reinterpret_cast<const Register*>(g + i);
    a += incoming * *reinterpret_cast<const Register*>(rows[0] + i);
    b += incoming * *reinterpret_cast<const Register*>(rows[1] + i);
    c += incoming * *reinterpret_cast<const Register*>(rows[2] + i);
    d += incoming * *reinterpret_cast<const Register*>(rows[3] + i);
    // One after the other: cells outside stand in as a neighbour, so two of these may be one row.
    for (int k = 0; k < 4; ++k) *reinterpret_cast<Register*>(grad_rows[k] + i) += incoming * share[k];
  }
  Quad products = SumFour(a, b, c, d);
  for (; i < channels; ++i) {
    products += g[i] * Quad{rows[0][i], rows[1][i], rows[2][i], rows[3][i]};
    for (int k = 0; k < 4; ++k) grad_rows[k][i] += g[i] * share[k];
  }
  return products;
}

struct PointGradient {
  float weight, x, y;  // of the softmax's weight, and of the place in cells
};

// One point of one query and head, at (x, y) with the given weight.
inline PointGradient PassPoint(const DeformAttnBackwardArgs& args, std::int64_t query, std::int64_t head,
                               const DeformAttnLevel& level, float x, float y, float weight) {
  const DeformAttnArgs& a = args.forward;
  Square square;
  if (!FindSquare(level, x, y, &square)) return {0.0f, 0.0f, 0.0f};
  const float* rows[4];
  float* grad_rows[4];
  for (int k = 0; k < 4; ++k) {
    const std::int64_t first = square.cell[k] * a.cell_stride + head * a.head_stride;
    rows[k] = a.value + first;
    grad_rows[k] = args.grad_value + first;
  }
  const std::int64_t index = query * a.heads + head;
  const float grad_inside = args.grad_inside != nullptr ? args.grad_inside[index] : 0.0f;
  const Quad gradient =
      PassCells(args.grad_out + index * a.channels, a.channels, rows, grad_rows, square.near * weight) + grad_inside;
  const Quad product = Keep(gradient, square.inside), read = square.near * product;
  const float right = square.right, bottom = square.bottom;
  return {read[0] + read[1] + read[2] + read[3],
          weight * ((1 - bottom) * (product[1] - product[0]) + bottom * (product[3] - product[2])),
          weight * ((1 - right) * (product[2] - product[0]) + right * (product[3] - product[1]))};
}

// One query and one head.
inline void AttendHeadBackward(const DeformAttnBackwardArgs& args, std::int64_t query, std::int64_t head) {
  const DeformAttnArgs& a = args.forward;
  const std::int64_t points = a.level_count * a.points, index = query * a.heads + head;
  float weights[kMaxDeformAttnPoints], weight_gradients[kMaxDeformAttnPoints];
  Softmax(a.logits + index * points, points, weights);

  const float* reference = a.references + query * a.reference_size;
  const float* offset = a.offsets + index * points * 2;
  float* grad_offset = args.grad_offsets + index * points * 2;
  float centre_x = 0.0f, centre_y = 0.0f, box_width = 0.0f, box_height = 0.0f, mean = 0.0f;
  const bool box = a.reference_size == 4;
  const float part = 0.5f / static_cast<float>(a.points);
  for (std::int64_t l = 0, i = 0; l < a.level_count; ++l) {
    const DeformAttnLevel& level = a.levels[l];
    const float width = static_cast<float>(level.width), height = static_cast<float>(level.height);
    const float x_scale = box ? reference[2] * part * width : 1.0f, y_scale = box ? reference[3] * part * height : 1.0f;
    for (std::int64_t p = 0; p < a.points; ++p, ++i) {
      const float x = reference[0] * width + offset[2 * i] * x_scale - 0.5f;
      const float y = reference[1] * height + offset[2 * i + 1] * y_scale - 0.5f;
      const PointGradient gradient = PassPoint(args, query, head, level, x, y, weights[i]);
      weight_gradients[i] = gradient.weight;
      mean += weights[i] * gradient.weight;
      grad_offset[2 * i] = gradient.x * x_scale;
      grad_offset[2 * i + 1] = gradient.y * y_scale;
      centre_x += gradient.x * width;
      centre_y += gradient.y * height;
      box_width += gradient.x * width * part * offset[2 * i];
      box_height += gradient.y * height * part * offset[2 * i + 1];
    }
  }
  float* grad_logits = args.grad_logits + index * points;
  for (std::int64_t i = 0; i < points; ++i) grad_logits[i] = weights[i] * (weight_gradients[i] - mean);
  if (args.grad_references == nullptr) return;
  float* grad_reference = args.grad_references + index * a.reference_size;
  grad_reference[0] = centre_x;
  grad_reference[1] = centre_y;
  if (!box) return;
  grad_reference[2] = box_width;
  grad_reference[3] = box_height;
}

void DeformAttnBackward(const DeformAttnBackwardArgs& args, std::int64_t begin, std::int64_t end) {
  for (std::int64_t head = begin; head < end; ++head) {
    for (std::int64_t query = 0; query < args.queries; ++query) AttendHeadBackward(args, query, head);
  }
}

}  // namespace
}  // namespace lqvg::kernels
