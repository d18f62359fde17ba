// What this machine can do at best, measured: fused multiply-adds and reading from memory.
//
// Each takes about `seconds` on `threads` threads of its own, and is to run while nothing else does.
#pragma once

namespace lqvg {

// fp32 operations per second of fused multiply-adds in registers, in the widest vectors that the processor has.
double PeakFlops(int threads, double seconds);

// Bytes per second read from arrays far larger than the caches.
double PeakReadBytes(int threads, double seconds);

}  // namespace lqvg
