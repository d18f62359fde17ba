// What the kernel says of this process, for the metrics process_*.
//
// Stateless and thread-safe; reads a few files of /proc.
#pragma once

#include <cstdint>

namespace lqvg::serving {

struct ProcessStats {
  double cpu_seconds = 0;         // user and system, of all threads
  double start_time_seconds = 0;  // since the Unix epoch
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;  // the soft limit
  int threads = 0;
};

// Values that cannot be read are 0.
ProcessStats ReadProcessStats();

// Raises the soft limit of open files to the hard one, and says what it is then.
std::uint64_t RaiseFileLimit();

}  // namespace lqvg::serving
