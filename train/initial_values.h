// What every parameter is before the first step, by its checkpoint name.
//
// The rules are Deformable DETR's (Zhu et al., arXiv 2010.04159, and its published code) but for two: the last norm of
// each residual block starts at zero (Goyal et al., arXiv 1706.02677), and the biases of the alignment's output
// projections start at one, so that the attention that multiplies its target starts near the identity and not near
// zero.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace lqvg::train {

// On the CPU, fp32. The draw depends on `name` and `seed` alone, not on what was drawn before. `heads`: of the
// deformable attention (Architecture::nheads).
at::Tensor InitialValue(const std::string& name, at::IntArrayRef shape, std::int64_t heads, std::uint64_t seed);

}  // namespace lqvg::train
