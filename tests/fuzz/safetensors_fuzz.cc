// Any bytes as a .safetensors file: every tensor lies inside the file and is as large as its shape says.
#include <cstring>
#include <map>
#include <span>
#include <string>

#include "model/safetensors.h"
#include "tests/fuzz/fuzz_target.h"

namespace lqvg::fuzz {
namespace {

// Counted apart from BytesOf, which is part of what is tried here.
std::size_t BytesEach(StoredType type) {
  switch (type) {
    case StoredType::kF32:
      return 4;
    case StoredType::kF16:
    case StoredType::kBF16:
      return 2;
    case StoredType::kI64:
      break;
  }
  return 8;
}

void RequireInside(const StoredTensor& tensor, std::span<const std::byte> file) {
  std::size_t bytes = BytesEach(tensor.type);
  for (const std::int64_t extent : tensor.shape) {
    Require(extent >= 0, "no extent is negative");
    Require(!__builtin_mul_overflow(bytes, static_cast<std::size_t>(extent), &bytes), "the size is representable");
  }
  Require(tensor.data.size() == bytes, "a tensor is as large as its shape says");
  Require(tensor.data.data() >= file.data() && tensor.data.size() <= file.size() &&
              tensor.data.data() + tensor.data.size() <= file.data() + file.size(),
          "a tensor lies inside the file");
}

void Parse(std::span<const std::byte> file) {
  const auto tensors = Safetensors::Parse(file);
  if (tensors.ok()) {
    for (const auto& [name, tensor] : *tensors) RequireInside(tensor, file);
    return;
  }
  Require(tensors.status().code() == absl::StatusCode::kInvalidArgument, "a fault is INVALID_ARGUMENT");
  RequireReadable({tensors.status().message().data(), tensors.status().message().size()});
}

}  // namespace
}  // namespace lqvg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lqvg::fuzz::Parse(std::as_bytes(std::span(data, size)));
  return 0;
}
