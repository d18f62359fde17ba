#include "model/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>

#include "absl/strings/str_cat.h"
#include "model/json_text.h"
#include "nlohmann/json.hpp"

namespace lqvg {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian and is used in place");

using Json = nlohmann::json;

constexpr std::size_t kLengthBytes = 8;

absl::Status Fault(const std::string& tensor, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("tensor ", ShownName(tensor), ": ", what));
}

std::optional<StoredType> TypeOf(const Json& dtype) {
  if (dtype == "F32") return StoredType::kF32;
  if (dtype == "F16") return StoredType::kF16;
  if (dtype == "BF16") return StoredType::kBF16;
  if (dtype == "I64") return StoredType::kI64;
  return std::nullopt;
}

absl::StatusOr<StoredTensor> ReadEntry(const std::string& name, const Json& entry, std::span<const std::byte> data) {
  if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") || !entry.contains("data_offsets")) {
    return Fault(name, "its header entry needs dtype, shape and data_offsets");
  }
  StoredTensor tensor;
  const std::optional<StoredType> type = TypeOf(entry["dtype"]);
  if (!type) return Fault(name, absl::StrCat("dtype ", ShownValue(entry["dtype"]), " is not F32, F16, BF16 or I64"));
  tensor.type = *type;

  const Json& shape = entry["shape"];
  if (!shape.is_array() || shape.size() > kMaxStoredRank) return Fault(name, "shape is not a list of at most 8 sizes");
  std::uint64_t bytes = BytesOf(tensor.type);
  for (const Json& size : shape) {
    if (!size.is_number_unsigned()) return Fault(name, "shape holds something other than sizes");
    const std::uint64_t extent = size.get<std::uint64_t>();
    if (__builtin_mul_overflow(bytes, extent, &bytes) || extent > INT64_MAX) return Fault(name, "shape overflows");
    tensor.shape.push_back(static_cast<std::int64_t>(extent));
  }

  const Json& offsets = entry["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned()) {
    return Fault(name, "data_offsets is not a pair of offsets");
  }
  const std::uint64_t begin = offsets[0].get<std::uint64_t>(), end = offsets[1].get<std::uint64_t>();
  if (begin > end || end > data.size()) {
    return Fault(
        name, absl::StrCat("data_offsets ", begin, "..", end, " lie outside the file's ", data.size(), " data bytes"));
  }
  if (end - begin != bytes) {
    return Fault(name, absl::StrCat("holds ", end - begin, " bytes, its shape and dtype need ", bytes));
  }
  tensor.data = data.subspan(begin, bytes);
  return tensor;
}

}  // namespace

std::uint64_t BytesOf(StoredType type) {
  switch (type) {
    case StoredType::kF32:
      return 4;
    case StoredType::kF16:
      return 2;
    case StoredType::kBF16:
      return 2;
    case StoredType::kI64:
      return 8;
  }
  return 0;
}

absl::StatusOr<std::map<std::string, StoredTensor>> Safetensors::Parse(std::span<const std::byte> file) {
  if (file.size() < kLengthBytes) return absl::InvalidArgumentError("truncated: no header length");
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), kLengthBytes);
  if (header_bytes > kMaxStoredHeaderBytes || header_bytes > file.size() - kLengthBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("header of ", header_bytes, " bytes does not fit a file of ", file.size()));
  }
  const auto* text = reinterpret_cast<const char*>(file.data()) + kLengthBytes;
  const Json header = Json::parse(text, text + header_bytes, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) return absl::InvalidArgumentError("header is not a JSON object");

  const std::span<const std::byte> data = file.subspan(kLengthBytes + header_bytes);
  std::map<std::string, StoredTensor> tensors;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    absl::StatusOr<StoredTensor> tensor = ReadEntry(name, entry, data);
    if (!tensor.ok()) return tensor.status();
    tensors.emplace(name, *std::move(tensor));
  }
  return tensors;
}

absl::StatusOr<std::shared_ptr<const Safetensors>> Safetensors::Open(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  struct stat status = {};
  std::shared_ptr<Safetensors> file(new Safetensors());
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    file->size_ = static_cast<std::size_t>(status.st_size);
    void* mapping = mmap(nullptr, file->size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (mapping != MAP_FAILED) file->mapping_ = mapping;
  }
  close(descriptor);
  if (file->mapping_ == nullptr)
    return absl::InvalidArgumentError(absl::StrCat(path, ": not a file that can be mapped"));

  auto tensors = Parse({static_cast<const std::byte*>(file->mapping_), file->size_});
  if (!tensors.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", tensors.status().message()));
  file->tensors_ = *std::move(tensors);
  return std::shared_ptr<const Safetensors>(std::move(file));
}

Safetensors::~Safetensors() {
  if (mapping_ != nullptr) munmap(mapping_, size_);
}

}  // namespace lqvg
