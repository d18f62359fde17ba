#include "bench/model/peak_probe.h"

#include <immintrin.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <thread>
#include <vector>

namespace lqvg::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Floats8 [[gnu::vector_size(32)]] = float;
using Floats16 [[gnu::vector_size(64)]] = float;

constexpr std::chrono::milliseconds kProbeTime{500};
constexpr int kChains = 12;  // as many as hide an FMA's latency on two ports, and fit in the registers
constexpr std::int64_t kRounds = 1 << 16;
constexpr std::size_t kArrayFloats = std::size_t{16} << 20;  // 64 MiB, three a thread

// Has the instruction set of the function that it is inlined into.
template <typename Vector>
[[gnu::always_inline]] inline float FmaChains() {
  Vector sums[kChains];
  // Not from 1, where the chain stands still: the compiler sees that and drops it.
  for (int i = 0; i < kChains; ++i) sums[i] = Vector{} + static_cast<float>(i + 2);
  const Vector factor = Vector{} + 0.999F, term = Vector{} + 0.001F;
  for (std::int64_t round = 0; round < kRounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sums[i] = sums[i] * factor + term;
  }
  float sum = 0;
  for (const Vector& chain : sums) sum += chain[0];
  return sum;
}

__attribute__((target("avx512f"))) float Fma512() { return FmaChains<Floats16>(); }
__attribute__((target("avx2,fma"))) float Fma256() { return FmaChains<Floats8>(); }

struct Triad {
  std::vector<float> a = std::vector<float>(kArrayFloats, 0.0F), b = std::vector<float>(kArrayFloats, 1.0F),
                     c = std::vector<float>(kArrayFloats, 2.0F);

  // a = b + 0.5 c. The stores go past the caches: a cached one would first read what it overwrites, uncounted.
  float Run() {
    const __m128 half = _mm_set1_ps(0.5F);
    for (std::size_t i = 0; i < kArrayFloats; i += 4) {
      _mm_stream_ps(&a[i], _mm_add_ps(_mm_loadu_ps(&b[i]), _mm_mul_ps(half, _mm_loadu_ps(&c[i]))));
    }
    return a[0];
  }
};

// Work done per second over all threads, `work(thread)` being one unit of it.
template <typename Work>
double UnitsPerSecond(int threads, Work work) {
  std::atomic<std::int64_t> units = 0;
  std::atomic<float> kept = 0;  // so that no result is thrown away unseen
  const Clock::time_point begin = Clock::now(), end = begin + kProbeTime;
  std::vector<std::thread> running;
  running.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      while (Clock::now() < end) {
        kept = work(i);
        ++units;
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  return static_cast<double>(units) / std::chrono::duration<double>(Clock::now() - begin).count();
}

Peaks Probe(int threads) {
  const bool is_wide = __builtin_cpu_supports("avx512f");
  const double flops_per_unit = 2.0 * kChains * kRounds * (is_wide ? 16 : 8);
  constexpr double kBytesPerUnit = 3.0 * sizeof(float) * kArrayFloats;
  std::vector<Triad> triads(static_cast<std::size_t>(threads));
  return {flops_per_unit * UnitsPerSecond(threads, [is_wide](int) { return is_wide ? Fma512() : Fma256(); }),
          kBytesPerUnit * UnitsPerSecond(threads, [&](int i) { return triads[static_cast<std::size_t>(i)].Run(); })};
}

}  // namespace

const Peaks& PeaksOf(int threads) {
  static std::map<int, Peaks> peaks;
  const auto found = peaks.find(threads);
  return found != peaks.end() ? found->second : peaks.emplace(threads, Probe(threads)).first->second;
}

}  // namespace lqvg::bench
