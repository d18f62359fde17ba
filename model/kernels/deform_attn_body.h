// The body of the deformable attention kernel, compiled once per instruction set by the file that includes it.
//
// Everything is in an unnamed namespace, so each object keeps its own copy. Vectors are the compiler's own, each as
// wide as a register: sums in wider ones are kept in memory by g++ 12, and took AVX2 6 to 20 times as long at S = 1024.
//
// Per query and head the work is in two steps: list the cells to read with their weights (at most four a point), then
// sum the listed rows. The second step is where the time goes: several accumulators hide the latency of the
// multiply-add, and a row is read in whole cache lines.
#pragma once

#include "model/kernels/kernels.h"

namespace lqvg::kernels {
namespace {

#if defined(__AVX512F__)
using Register [[gnu::vector_size(64), gnu::aligned(4), gnu::may_alias]] = float;
#elif defined(__AVX2__)
using Register [[gnu::vector_size(32), gnu::aligned(4), gnu::may_alias]] = float;
#else
using Register [[gnu::vector_size(16), gnu::aligned(4), gnu::may_alias]] = float;
#endif
constexpr std::int64_t kRegisterFloats = sizeof(Register) / sizeof(float);

struct Corner {
  const float* row;
  float weight;
};

// Turns `count` logits into weights that sum to one.
inline void Softmax(const float* logits, std::int64_t count, float* weights) {
  float largest = logits[0];
  for (std::int64_t i = 1; i < count; ++i) largest = logits[i] > largest ? logits[i] : largest;
  float sum = 0.0f;
  for (std::int64_t i = 0; i < count; ++i) {
    weights[i] = __builtin_expf(logits[i] - largest);
    sum += weights[i];
  }
  const float scale = 1.0f / sum;
  for (std::int64_t i = 0; i < count; ++i) weights[i] *= scale;
}

// Appends the up to four cells around (x, y), in cells with the centre of cell 0 at 0, and returns how many.
// Cells outside the level read zero (grid_sample's padding_mode "zeros"), so they are left out.
inline int AppendCorners(const float* value, std::int64_t cell_stride, const DeformAttnLevel& level, float x, float y,
                         float weight, Corner* corners) {
  // Also false for NaN; beyond this range no corner is inside, and the conversion to an integer would be undefined.
  if (!(x > -1.0f && y > -1.0f && x < static_cast<float>(level.width) && y < static_cast<float>(level.height)))
    return 0;
  const float x_floor = __builtin_floorf(x), y_floor = __builtin_floorf(y);
  const std::int64_t column = static_cast<std::int64_t>(x_floor), row = static_cast<std::int64_t>(y_floor);
  const float right = x - x_floor, bottom = y - y_floor;
  const float* origin = value + (level.begin + row * level.width + column) * cell_stride;
  const bool has_left = column >= 0, has_right = column + 1 < level.width;
  const bool has_top = row >= 0, has_bottom = row + 1 < level.height;
  int count = 0;
  if (has_top && has_left) corners[count++] = {origin, weight * (1 - right) * (1 - bottom)};
  if (has_top && has_right) corners[count++] = {origin + cell_stride, weight * right * (1 - bottom)};
  origin += level.width * cell_stride;
  if (has_bottom && has_left) corners[count++] = {origin, weight * (1 - right) * bottom};
  if (has_bottom && has_right) corners[count++] = {origin + cell_stride, weight * right * bottom};
  return count;
}

// out[c] = sum of weight * row[c] over the corners, for `channels` channels.
inline void SumRows(const Corner* corners, int count, std::int64_t channels, float* out) {
  std::int64_t c = 0;
  for (; c + 2 * kRegisterFloats <= channels; c += 2 * kRegisterFloats) {
    Register even_low{}, even_high{}, odd_low{}, odd_high{};
    int i = 0;
    for (; i + 1 < count; i += 2) {
      const Register* a = reinterpret_cast<const Register*>(corners[i].row + c);
      const Register* b = reinterpret_cast<const Register*>(corners[i + 1].row + c);
      even_low += a[0] * corners[i].weight;
      even_high += a[1] * corners[i].weight;
      odd_low += b[0] * corners[i + 1].weight;
      odd_high += b[1] * corners[i + 1].weight;
    }
    if (i < count) {
      const Register* a = reinterpret_cast<const Register*>(corners[i].row + c);
      even_low += a[0] * corners[i].weight;
      even_high += a[1] * corners[i].weight;
    }
    Register* result = reinterpret_cast<Register*>(out + c);
    result[0] = even_low + odd_low;
    result[1] = even_high + odd_high;
  }
  for (; c + kRegisterFloats <= channels; c += kRegisterFloats) {
    Register sum{};
    for (int i = 0; i < count; ++i) sum += *reinterpret_cast<const Register*>(corners[i].row + c) * corners[i].weight;
    *reinterpret_cast<Register*>(out + c) = sum;
  }
  for (; c < channels; ++c) {
    float sum = 0.0f;
    for (int i = 0; i < count; ++i) sum += corners[i].row[c] * corners[i].weight;
    out[c] = sum;
  }
}

// One query and one head.
inline void AttendHead(const DeformAttnArgs& a, std::int64_t query, std::int64_t head) {
  const std::int64_t points = a.level_count * a.points, index = query * a.heads + head;
  float weights[kMaxDeformAttnPoints];
  Corner corners[4 * kMaxDeformAttnPoints];
  Softmax(a.logits + index * points, points, weights);

  const float* reference = a.references + query * a.reference_size;
  const float* offset = a.offsets + index * points * 2;
  int count = 0;
  for (std::int64_t l = 0; l < a.level_count; ++l) {
    const DeformAttnLevel& level = a.levels[l];
    const float width = static_cast<float>(level.width), height = static_cast<float>(level.height);
    // An offset is in cells, or shared out over the points in units of half a box.
    const float x_scale = a.reference_size == 4 ? reference[2] * 0.5f / static_cast<float>(a.points) * width : 1.0f;
    const float y_scale = a.reference_size == 4 ? reference[3] * 0.5f / static_cast<float>(a.points) * height : 1.0f;
    for (std::int64_t p = 0; p < a.points; ++p, offset += 2) {
      const float x = reference[0] * width + offset[0] * x_scale - 0.5f;
      const float y = reference[1] * height + offset[1] * y_scale - 0.5f;
      count += AppendCorners(a.value + head * a.head_stride, a.cell_stride, level, x, y, weights[l * a.points + p],
                             corners + count);
    }
  }
  SumRows(corners, count, a.channels, a.out + index * a.channels);
  if (a.inside != nullptr) {
    float inside = 0.0f;
    for (int i = 0; i < count; ++i) inside += corners[i].weight;
    a.inside[index] = inside;
  }
}

void DeformAttn(const DeformAttnArgs& args, std::int64_t begin, std::int64_t end) {
  for (std::int64_t query = begin; query < end; ++query) {
    for (std::int64_t head = 0; head < args.heads; ++head) AttendHead(args, query, head);
  }
}

}  // namespace
}  // namespace lqvg::kernels
