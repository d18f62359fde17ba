// What this machine can do at best, measured: fused multiply-adds, and moving memory.
//
// To be called while nothing else runs; blocks for about a second the first time that a number of threads is asked for.
#pragma once

namespace lqvg::bench {

struct Peaks {
  double flops = 0;  // fp32 operations per second of fused multiply-adds in registers, in the widest vectors there are
  double bytes = 0;  // read and written per second by a triad over arrays far larger than the caches
};

// Of `threads` threads of its own; measured once, then the same for the whole run. Not thread-safe.
const Peaks& PeaksOf(int threads);

}  // namespace lqvg::bench
