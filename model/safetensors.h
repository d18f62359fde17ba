// A .safetensors file, memory-mapped: the header is parsed and checked, the tensors stay where they are. No torch.
//
// Format: 8 bytes little-endian header length, a JSON header {name: {dtype, shape, data_offsets}}, then the data
// (huggingface.co/docs/safetensors). Immutable after Open and thread-safe; owns the mapping.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace lqvg {

// How a stored number is laid out. Others are an error: a model holds nothing else.
enum class StoredType { kF32, kF16, kBF16, kI64 };

// Of one number.
std::uint64_t BytesOf(StoredType type);

// What reader and writer agree on beside the format, and the format's own limit.
inline constexpr std::size_t kMaxStoredRank = 8;
inline constexpr std::uint64_t kMaxStoredHeaderBytes = 100'000'000;

struct StoredTensor {
  StoredType type = StoredType::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;  // shape's product * size of type, inside the mapping
};

class Safetensors {
 public:
  // NOT_FOUND: no such file. INVALID_ARGUMENT: names the file and the tensor or the place in the header.
  static absl::StatusOr<std::shared_ptr<const Safetensors>> Open(const std::string& path);
  // The same checks over bytes that the caller keeps alive.
  static absl::StatusOr<std::map<std::string, StoredTensor>> Parse(std::span<const std::byte> file);

  ~Safetensors();
  Safetensors(const Safetensors&) = delete;
  Safetensors& operator=(const Safetensors&) = delete;

  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }

 private:
  Safetensors() = default;

  void* mapping_ = nullptr;
  std::size_t size_ = 0;  // bytes
  std::map<std::string, StoredTensor> tensors_;
};

}  // namespace lqvg
