// What is computed of every upload's bytes: the digest that names the picture, and the checksum that a caller may send.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/families.h"
#include "image/crc32c.h"
#include "server/digest.h"

namespace lqvg::bench {
namespace {

// Bytes that do not repeat, as many as a JPEG file of a megapixel has.
std::string MakeUpload() {
  std::string bytes(std::size_t{256} << 10, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

template <typename Function>
void Register(const char* name, Function digest) {
  benchmark::RegisterBenchmark(name, [digest](benchmark::State& state) {
    const std::string upload = MakeUpload();
    for (auto unused : state) benchmark::DoNotOptimize(digest(upload));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(upload.size()));
  })->Unit(benchmark::kMicrosecond);
}

}  // namespace

void RegisterDigests() {
  Register("digest/sha256", [](const std::string& upload) { return serving::Sha256(upload); });
  Register("digest/crc32c", [](const std::string& upload) { return Crc32c(upload); });
}

}  // namespace lqvg::bench
