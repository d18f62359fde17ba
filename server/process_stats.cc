#include "server/process_stats.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace lqvg::serving {
namespace {

// Seconds between the Unix epoch and the start of the machine.
double BootTimeSeconds() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return 0;
}

std::uint64_t CountOpenFds() {
  DIR* const directory = opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  std::uint64_t entries = 0;
  while (readdir(directory) != nullptr) ++entries;  // NOLINT(concurrency-mt-unsafe): a stream of our own
  closedir(directory);
  return entries > 3 ? entries - 3 : 0;  // ".", "..", and the directory itself
}

// The fields of /proc/self/stat that follow the name, which may hold spaces and parentheses. Numbered as in proc(5).
void ReadStat(ProcessStats& stats) {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return;
  std::istringstream fields(line.substr(name_end + 1));
  const double ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  std::string field;
  for (int number = 3; fields >> field; ++number) {
    if (number == 14 || number == 15) stats.cpu_seconds += std::stod(field) / ticks_per_second;
    if (number == 20) stats.threads = std::stoi(field);
    if (number == 22) stats.start_time_seconds = BootTimeSeconds() + std::stod(field) / ticks_per_second;
    if (number == 23) stats.virtual_bytes = std::stoull(field);
    if (number == 24) stats.resident_bytes = std::stoull(field) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  }
}

}  // namespace

ProcessStats ReadProcessStats() {
  ProcessStats stats;
  ReadStat(stats);
  stats.open_fds = CountOpenFds();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = limit.rlim_cur;
  return stats;
}

std::uint64_t RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  rlimit raised = limit;
  raised.rlim_cur = raised.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return limit.rlim_cur;
}

}  // namespace lqvg::serving
