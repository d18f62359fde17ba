// How the threads of OpenMP wait for one another: asleep, not spinning.
//
// Called once by main, before any thread exists.
#pragma once

namespace lqvg::serving {

// Sees to it that idle OpenMP threads sleep at once. By default they first spin for some milliseconds, which ruins
// processes that share cores, and a process that has a CPU quota: three that loaded and ran the demo model at once on
// two cores took 12 s each, and 0.5 s with this.
//
// The runtime reads its environment when the dynamic linker loads it, before main and before anything that a program
// can order ahead of it, and has no function for this. So unless OMP_WAIT_POLICY or GOMP_SPINCOUNT is set, this sets
// OMP_WAIT_POLICY=PASSIVE and starts the program again in the same process, which takes a fraction of a second. When
// that cannot be done, it returns and waiting stays as it is.
void MakeWaitingPassive(char* const* argv);

}  // namespace lqvg::serving
