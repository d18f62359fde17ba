// What of the machine this process may use: cores and memory, by its cgroup and its CPU affinity.
//
// A container's process sees all cores of its node, and a thread pool sized by them fights its own quota.
// Stateless and thread-safe; reads a few small files.
#pragma once

#include <cstdint>
#include <string>

namespace lqvg::serving {

struct ProcessQuota {
  int cores = 1;                   // at least 1; a fraction of a core counts as one
  std::uint64_t memory_bytes = 0;  // the least of the cgroups' limits and the machine's memory
};

// Reads cgroup v2 (cpu.max, memory.max) and v1 (cpu.cfs_quota_us, memory.limit_in_bytes), each with its ancestors,
// since any of them may be the one that limits. What cannot be read limits nothing. `root` stands before /proc and
// /sys: empty but in tests.
ProcessQuota ReadProcessQuota(const std::string& root = "");

}  // namespace lqvg::serving
