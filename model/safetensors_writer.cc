#include "model/safetensors_writer.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <set>
#include <tuple>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "files/atomic_file.h"
#include "model/json_text.h"
#include "nlohmann/json.hpp"

namespace lqvg {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian and is written as it is");

using Json = nlohmann::json;  // sorts its keys

constexpr char kMetadata[] = "__metadata__";
constexpr std::size_t kAlignment = 8;  // bytes, of the data's start: the format's convention and our widest type

const char* NameOf(StoredType type) {
  switch (type) {
    case StoredType::kF32:
      return "F32";
    case StoredType::kF16:
      return "F16";
    case StoredType::kBF16:
      return "BF16";
    case StoredType::kI64:
      return "I64";
  }
  return "";
}

// nlohmann's writer is the judge, because it throws for what is not.
bool IsUtf8(const std::string& text) {
  try {
    Json(text).dump();
  } catch (const Json::type_error&) {
    return false;
  }
  return true;
}

absl::Status Check(const NamedTensor& tensor) {
  const auto fault = [&](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrCat("tensor ", ShownName(tensor.name), ": ", what));
  };
  if (tensor.name == kMetadata) return fault("the format keeps this name for itself");
  if (!IsUtf8(tensor.name)) return fault("its name is not UTF-8");
  if (tensor.shape.size() > kMaxStoredRank) return fault("its shape has more than 8 sizes");
  std::uint64_t bytes = BytesOf(tensor.type);
  for (const std::int64_t size : tensor.shape) {
    if (size < 0) return fault("its shape holds a negative size");
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes)) return fault("its shape overflows");
  }
  if (bytes != tensor.data.size()) {
    return fault(absl::StrCat("holds ", tensor.data.size(), " bytes, its shape and type need ", bytes));
  }
  return absl::OkStatus();
}

absl::Status Check(std::span<const NamedTensor> tensors, const std::map<std::string, std::string>& metadata) {
  std::set<std::string> names;
  for (const NamedTensor& tensor : tensors) {
    if (absl::Status status = Check(tensor); !status.ok()) return status;
    if (!names.insert(tensor.name).second) {
      return absl::InvalidArgumentError(absl::StrCat("tensor ", ShownName(tensor.name), ": is there twice"));
    }
  }
  for (const auto& [key, value] : metadata) {
    if (!IsUtf8(key) || !IsUtf8(value)) {
      return absl::InvalidArgumentError(absl::StrCat("metadata ", ShownName(key), ": is not UTF-8"));
    }
  }
  return absl::OkStatus();
}

// No gap is allowed between tensors (the Python package refuses one), so their order is what aligns them.
std::vector<const NamedTensor*> InFileOrder(std::span<const NamedTensor> tensors) {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const NamedTensor* a, const NamedTensor* b) {
    return std::make_tuple(BytesOf(b->type), std::cref(a->name)) <
           std::make_tuple(BytesOf(a->type), std::cref(b->name));
  });
  return order;
}

// Length and header, padded with spaces as the format asks for.
absl::StatusOr<std::string> Head(std::span<const NamedTensor* const> order,
                                 const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  std::uint64_t begin = 0;
  for (const NamedTensor* tensor : order) {
    const std::uint64_t end = begin + tensor->data.size();
    header[tensor->name] = {{"dtype", NameOf(tensor->type)}, {"shape", tensor->shape}, {"data_offsets", {begin, end}}};
    begin = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  if (text.size() > kMaxStoredHeaderBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a header of ", text.size(), " bytes is longer than the format allows"));
  }
  std::string head;
  for (int byte = 0; byte < 8; ++byte) head.push_back(static_cast<char>(text.size() >> (8 * byte) & 0xFF));
  return head + text;
}

}  // namespace

absl::Status WriteSafetensors(const std::string& path, std::span<const NamedTensor> tensors,
                              const std::map<std::string, std::string>& metadata) {
  const auto named = [&](const absl::Status& fault) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", fault.message()));
  };
  if (const absl::Status status = Check(tensors, metadata); !status.ok()) return named(status);
  const std::vector<const NamedTensor*> order = InFileOrder(tensors);
  const absl::StatusOr<std::string> head = Head(order, metadata);
  if (!head.ok()) return named(head.status());

  std::vector<std::span<const std::byte>> parts = {std::as_bytes(std::span(*head))};
  for (const NamedTensor* tensor : order) parts.push_back(tensor->data);
  return WriteAtomically(path, parts);
}

}  // namespace lqvg
