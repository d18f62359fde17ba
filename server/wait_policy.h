// How the threads of OpenMP wait for one another: asleep, not spinning.
//
// Called once by main, before any thread exists.
#pragma once

namespace lqvg::serving {

// Sees to it that idle OpenMP threads sleep at once. By default they first spin for some milliseconds, which costs two
// processes that share cores, or one that has a CPU quota, up to ten times their speed.
//
// The runtime reads its environment when the dynamic linker loads it, before main and before anything that a program
// can order ahead of it, and has no function for this. So unless OMP_WAIT_POLICY or GOMP_SPINCOUNT is set, this sets
// OMP_WAIT_POLICY=PASSIVE and starts the program again in the same process, which takes a fraction of a second. When
// that cannot be done, it returns and waiting stays as it is.
void MakeWaitingPassive(char* const* argv);

}  // namespace lqvg::serving
