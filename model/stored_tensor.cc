#include "model/stored_tensor.h"

#include <ATen/ATen.h>

#include <utility>

namespace lqvg {
namespace {

at::ScalarType ScalarTypeOf(StoredType type) {
  switch (type) {
    case StoredType::kF32:
      return at::kFloat;
    case StoredType::kF16:
      return at::kHalf;
    case StoredType::kBF16:
      return at::kBFloat16;
    case StoredType::kI64:
      return at::kLong;
  }
  return at::kFloat;
}

}  // namespace

at::Tensor InPlace(std::shared_ptr<const Safetensors> file, const StoredTensor& stored) {
  // ATen has no const tensors; the pages are mapped read-only, so a write would fault instead of going unnoticed.
  void* data = const_cast<std::byte*>(stored.data.data());
  return at::from_blob(
      data, stored.shape, [file = std::move(file)](void*) {}, at::TensorOptions(ScalarTypeOf(stored.type)));
}

StoredType StoredTypeOf(at::ScalarType type) {
  switch (type) {
    case at::kHalf:
      return StoredType::kF16;
    case at::kBFloat16:
      return StoredType::kBF16;
    case at::kLong:
      return StoredType::kI64;
    default:
      return StoredType::kF32;
  }
}

}  // namespace lqvg
