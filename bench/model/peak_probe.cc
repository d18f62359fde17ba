#include "bench/model/peak_probe.h"

#include <immintrin.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

namespace lqvg {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kChains = 12;  // as many as hide an FMA's latency on two ports, and fit in the registers
constexpr std::int64_t kRounds = 1 << 16;
constexpr std::size_t kArrayFloats = std::size_t{32} << 20;  // 128 MiB a thread

__attribute__((target("avx512f"))) float Fma512() {
  __m512 sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512 factor = _mm512_set1_ps(0.999F), term = _mm512_set1_ps(0.001F);
  for (std::int64_t round = 0; round < kRounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sums[i] = _mm512_fmadd_ps(sums[i], factor, term);
  }
  float sum = 0;
  for (const __m512& chain : sums) sum += _mm512_cvtss_f32(chain);
  return sum;
}

__attribute__((target("avx2,fma"))) float Fma256() {
  __m256 sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = _mm256_set1_ps(static_cast<float>(i));
  const __m256 factor = _mm256_set1_ps(0.999F), term = _mm256_set1_ps(0.001F);
  for (std::int64_t round = 0; round < kRounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sums[i] = _mm256_fmadd_ps(sums[i], factor, term);
  }
  float sum = 0;
  for (const __m256& chain : sums) sum += _mm256_cvtss_f32(chain);
  return sum;
}

float ReadAll(const std::vector<float>& array) {
  __m128 sums[8] = {};
  for (std::size_t i = 0; i < array.size(); i += 32) {
    for (std::size_t j = 0; j < 8; ++j) sums[j] = _mm_add_ps(sums[j], _mm_loadu_ps(&array[i + 4 * j]));
  }
  float sum = 0;
  for (const __m128& part : sums) sum += _mm_cvtss_f32(part);
  return sum;
}

// Work done per second over all threads, `work(thread)` being one unit of it.
template <typename Work>
double UnitsPerSecond(int threads, double seconds, Work work) {
  std::atomic<std::int64_t> units = 0;
  std::atomic<float> kept = 0;  // so that no result is thrown away unseen
  const Clock::time_point begin = Clock::now();
  const auto end = begin + std::chrono::duration<double>(seconds);
  std::vector<std::thread> running;
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

}  // namespace

double PeakFlops(int threads, double seconds) {
  const bool is_wide = __builtin_cpu_supports("avx512f");
  const double per_unit = 2.0 * kChains * kRounds * (is_wide ? 16 : 8);
  return per_unit * UnitsPerSecond(threads, seconds, [is_wide](int) { return is_wide ? Fma512() : Fma256(); });
}

double PeakReadBytes(int threads, double seconds) {
  const std::vector<std::vector<float>> arrays(static_cast<std::size_t>(threads), std::vector<float>(kArrayFloats, 1));
  return static_cast<double>(kArrayFloats * sizeof(float)) * UnitsPerSecond(threads, seconds, [&](int thread) {
           return ReadAll(arrays[static_cast<std::size_t>(thread)]);
         });
}

}  // namespace lqvg
