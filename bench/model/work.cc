#include "bench/model/work.h"

#include <chrono>

#include "bench/model/peak_probe.h"

namespace lqvg::bench {

void MeasurePasses(benchmark::State& state, const Work& work, int threads, const std::function<void()>& pass) {
  using Clock = std::chrono::steady_clock;
  const Peaks& peaks = PeaksOf(threads);
  pass();  // warms up
  const Clock::time_point begin = Clock::now();
  for (auto unused : state) pass();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const auto passes = static_cast<double>(state.iterations());
  const double flops = work.flops * passes / seconds, bytes = work.bytes * passes / seconds;
  state.counters["flop"] = work.flops;
  state.counters["bytes"] = work.bytes;
  state.counters["flop_per_second"] = flops;
  state.counters["bytes_per_second"] = bytes;
  state.counters["of_fma_peak"] = flops / peaks.flops;
  state.counters["of_memory_peak"] = bytes / peaks.bytes;
}

}  // namespace lqvg::bench
