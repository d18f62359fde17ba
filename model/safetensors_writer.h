// Writes a .safetensors file, the format of model/safetensors.h, for that reader and for the Python package of the
// name.
//
// Stateless, thread-safe for different paths; the bytes stay the caller's. Blocks until they are on the disk. No torch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "model/safetensors.h"

namespace lqvg {

struct NamedTensor {
  std::string name;
  StoredType type = StoredType::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;  // row-major, little-endian: shape's product * size of type
};

// Writes `tensors`, in any order, to `path`: whole or not at all (files/atomic_file.h, whose errors these are). The
// same tensors give the same bytes. The data starts at a multiple of 8 bytes, with the widest types first and then by
// name, so that every tensor lies aligned in the mapped file; the header lists them by name.
//
// `metadata` is free text by key; "format": "pt" is what PyTorch's loaders ask for.
//
// INVALID_ARGUMENT names the file and the tensor, and nothing is written: a name twice, or "__metadata__", or not
// UTF-8; a shape of negative sizes, of more than 8, or that does not fit the bytes; a header longer than the format
// allows.
absl::Status WriteSafetensors(const std::string& path, std::span<const NamedTensor> tensors,
                              const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

}  // namespace lqvg
