// What safetensors_writer_test.py reads in Python: writes one file with a tensor of each type.
//
//   write_safetensors PATH
#include <array>
#include <cstdint>
#include <iostream>

#include "model/safetensors_writer.h"

namespace lqvg {
namespace {

template <typename Array>
std::span<const std::byte> Bytes(const Array& values) {
  return std::as_bytes(std::span(values));
}

int Main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: write_safetensors PATH\n";
    return 2;
  }
  const std::array<float, 6> singles = {0.f, 1.f, -2.5f, 3e38f, 1e-45f, 7.f};
  const std::array<std::uint16_t, 3> halves = {0x3C00, 0xC000, 0x3800};  // 1, -2, 0.5
  const std::array<std::uint16_t, 1> brains = {0x3FC0};                  // 1.5
  const std::array<std::int64_t, 2> longs = {-1, 1LL << 40};
  const std::array<NamedTensor, 5> tensors = {{{"z.weight", StoredType::kF32, {2, 3}, Bytes(singles)},
                                               {"a half", StoredType::kF16, {3}, Bytes(halves)},
                                               {"scalar \xC3\xA9", StoredType::kBF16, {}, Bytes(brains)},
                                               {"empty", StoredType::kF32, {0, 4}, {}},
                                               {"steps", StoredType::kI64, {2}, Bytes(longs)}}};
  const absl::Status status = WriteSafetensors(argv[1], tensors, {{"format", "pt"}, {"step", "12"}});
  if (!status.ok()) std::cerr << status << '\n';
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace lqvg

int main(int argc, char** argv) { return lqvg::Main(argc, argv); }
