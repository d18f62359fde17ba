// What one pass of something computes and moves, and a benchmark's loop that shows it beside the machine's peaks.
#pragma once

#include <benchmark/benchmark.h>

#include <functional>

namespace lqvg::bench {

struct Work {
  double flops = 0;  // a multiplication and an addition are two
  // Of each operation's inputs, weights and output, once. Less moves in truth where a cache keeps an output for the
  // next operation, so a share of the memory's peak above one says that it did.
  double bytes = 0;

  Work& operator+=(const Work& more) {
    flops += more.flops;
    bytes += more.bytes;
    return *this;
  }
};

// Runs `pass` as the benchmark's iterations, on `threads` threads as it may say of itself, and sets the counters
// flop and bytes of a pass; flop_per_second and bytes_per_second; and of_fma_peak and of_memory_peak: their shares,
// 0..1, of PeaksOf(threads). Main thread only.
void MeasurePasses(benchmark::State& state, const Work& work, int threads, const std::function<void()>& pass);

}  // namespace lqvg::bench
