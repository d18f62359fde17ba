#include "model/kernels/deform_attn_backward_body.h"
#include "model/kernels/deform_attn_body.h"

namespace lqvg::kernels {

const KernelTable kAvx512Kernels = {"avx512", &DeformAttn, &DeformAttnBackward};

}  // namespace lqvg::kernels
