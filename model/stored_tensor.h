// What a .safetensors file holds, as ATen sees it.
//
// Stateless; any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "model/safetensors.h"

namespace lqvg {

// `stored`, a tensor of `file`, where it lies: in its own type, on the CPU, never to be written, for the pages are
// read-only. The file stays mapped for as long as the tensor lives.
at::Tensor InPlace(std::shared_ptr<const Safetensors> file, const StoredTensor& stored);

// How a tensor of `type` is stored; fp32 for all that have no form of their own.
StoredType StoredTypeOf(at::ScalarType type);

}  // namespace lqvg
