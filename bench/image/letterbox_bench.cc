// A picture placed on the model's canvas, beside OpenCV's resize alone into memory that is there.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/families.h"
#include "bench/image/scene_files.h"
#include "image/image.h"
#include "model/architecture.h"
#include "model/letterbox.h"

namespace lqvg::bench {
namespace {

constexpr std::pair<int, int> kSizes[] = {{1024, 1024}, {480, 360}};  // width, height: pixels

// Pixels of the canvas: what is written, whatever the picture's size.
void CountPixels(benchmark::State& state, int side) {
  const double pixels = static_cast<double>(side) * side;
  state.counters["pixels_per_second"] = benchmark::Counter(pixels, benchmark::Counter::kIsIterationInvariantRate);
}

void Place(benchmark::State& state, const Image& image, int side) {
  for (auto unused : state) {
    const auto canvas = Letterbox(image, side);
    if (!canvas.ok()) state.SkipWithError(std::string(canvas.status().message()).c_str());
  }
  CountPixels(state, side);
}

void Resize(benchmark::State& state, const Image& image, int side) {
  cv::setNumThreads(1);  // as in a server, whose threads decode a picture each
  const cv::Mat source(image.height, image.width, CV_8UC3, const_cast<std::uint8_t*>(image.rgb.data()));
  const double ratio = static_cast<double>(side) / std::max(image.width, image.height);
  cv::Mat target(cvRound(image.height * ratio), cvRound(image.width * ratio), CV_8UC3);
  for (auto unused : state) {
    cv::resize(source, target, target.size(), 0, 0, cv::INTER_AREA);
    benchmark::ClobberMemory();
  }
  CountPixels(state, side);
}

}  // namespace

void RegisterLetterbox(int side) {
  for (const auto& [width, height] : kSizes) {
    const auto image = std::make_shared<const Image>(PaintScene(width, height));
    for (const int canvas : std::set<int>{side, Architecture().input_size}) {
      const std::string name = absl::StrCat("letterbox/", width, "x", height, "_to_", canvas);
      benchmark::RegisterBenchmark(name.c_str(), [image, canvas](benchmark::State& state) {
        Place(state, *image, canvas);
      })->Unit(benchmark::kMicrosecond);
      benchmark::RegisterBenchmark((name + "/opencv").c_str(), [image, canvas](benchmark::State& state) {
        Resize(state, *image, canvas);
      })->Unit(benchmark::kMicrosecond);
    }
  }
}

}  // namespace lqvg::bench
