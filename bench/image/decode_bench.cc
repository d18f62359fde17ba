// What an encoded picture costs before it is pixels: its header judged, then all of it decoded.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/families.h"
#include "bench/image/scene_files.h"
#include "image/image_decoder.h"

namespace lqvg::bench {
namespace {

constexpr std::pair<int, int> kSizes[] = {{1024, 1024}, {480, 360}};  // width, height: pixels

struct Upload {
  std::string name;  // "png/480x360"
  SceneFile file;
  double pixels = 0;
};

void Decode(benchmark::State& state, const Upload& upload) {
  for (auto unused : state) {
    const auto decoded = DecodeImage(upload.file.bytes, DecodeOptions());
    if (!decoded.ok()) state.SkipWithError(std::string(decoded.status().message()).c_str());
  }
  state.counters["pixels_per_second"] =
      benchmark::Counter(upload.pixels, benchmark::Counter::kIsIterationInvariantRate);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(upload.file.bytes.size()));
}

void Scan(benchmark::State& state, const Upload& upload) {
  for (auto unused : state) {
    const auto header = ScanHeader(upload.file.bytes, ImageLimits());
    if (!header.ok()) state.SkipWithError(std::string(header.status().message()).c_str());
  }
  state.SetItemsProcessed(state.iterations());
}

}  // namespace

absl::Status RegisterDecode() {
  std::vector<std::shared_ptr<const Upload>> uploads;
  for (const auto& [width, height] : kSizes) {
    auto files = EncodeScene(PaintScene(width, height));
    if (!files.ok()) return files.status();
    for (SceneFile& file : *files) {
      const std::string name = absl::StrCat(file.format, "/", width, "x", height);
      uploads.push_back(std::make_shared<const Upload>(Upload{name, std::move(file), 1.0 * width * height}));
    }
  }
  for (const auto& upload : uploads) {
    benchmark::RegisterBenchmark(("decode/" + upload->name).c_str(), [upload](benchmark::State& state) {
      Decode(state, *upload);
    })->Unit(benchmark::kMicrosecond);
  }
  for (const auto& upload : uploads) {
    benchmark::RegisterBenchmark(("scan_header/" + upload->name).c_str(),
                                 [upload](benchmark::State& state) { Scan(state, *upload); });
  }
  return absl::OkStatus();
}

}  // namespace lqvg::bench
