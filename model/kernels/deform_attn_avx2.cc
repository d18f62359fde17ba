#include "model/kernels/deform_attn_backward_body.h"
#include "model/kernels/deform_attn_body.h"

namespace lqvg::kernels {

const KernelTable kAvx2Kernels = {"avx2", &DeformAttn, &DeformAttnBackward};

}  // namespace lqvg::kernels
