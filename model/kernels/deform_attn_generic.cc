#include "model/kernels/deform_attn_backward_body.h"
#include "model/kernels/deform_attn_body.h"

namespace lqvg::kernels {

const KernelTable kGenericKernels = {"generic", &DeformAttn, &DeformAttnBackward};

}  // namespace lqvg::kernels
