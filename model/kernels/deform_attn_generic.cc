#include "model/kernels/deform_attn_body.h"

namespace lqvg::kernels {

const KernelTable kGenericKernels = {"generic", &DeformAttn};

}  // namespace lqvg::kernels
