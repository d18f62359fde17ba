#include "server/process_quota.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace lqvg::serving {
namespace {

// The words of a small file; none when it cannot be read.
std::vector<std::string> WordsOf(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> words;
  for (std::string word; file >> word;) words.push_back(word);
  return words;
}

std::optional<double> NumberAt(const std::vector<std::string>& words, std::size_t index) {
  double number = 0;
  if (index >= words.size() || !absl::SimpleAtod(words[index], &number)) return std::nullopt;
  return number;
}

// A cgroup's directory and those of its ancestors, which are where its files are looked for. In a container the path of
// /proc/self/cgroup may be the host's and not exist; the mount's own root, which is always last, is then what counts.
std::vector<std::string> WithAncestors(const std::string& mount, std::string path) {
  std::vector<std::string> directories;
  while (!path.empty() && path != "/") {
    directories.push_back(absl::StrCat(mount, path));
    path.resize(path.rfind('/'));
  }
  directories.push_back(mount);
  return directories;
}

struct Cgroups {
  std::vector<std::string> v2, cpu, memory;  // directories, the process's own first
};

// Lines of /proc/self/cgroup: "0::/path" for v2, "4:cpu,cpuacct:/path" for v1.
Cgroups ReadCgroups(const std::string& root) {
  Cgroups cgroups;
  const std::string mount = absl::StrCat(root, "/sys/fs/cgroup");
  std::ifstream file(absl::StrCat(root, "/proc/self/cgroup"));
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) continue;
    if (fields[0] == "0") {
      cgroups.v2 = WithAncestors(mount, fields[2]);
      continue;
    }
    for (const std::string& controller : std::vector<std::string>(absl::StrSplit(fields[1], ','))) {
      if (controller == "cpu") cgroups.cpu = WithAncestors(absl::StrCat(mount, "/cpu"), fields[2]);
      if (controller == "memory") cgroups.memory = WithAncestors(absl::StrCat(mount, "/memory"), fields[2]);
    }
  }
  return cgroups;
}

double QuotaCores(const Cgroups& cgroups) {
  double cores = std::numeric_limits<double>::infinity();
  const auto limit = [&cores](std::optional<double> quota, std::optional<double> period) {
    if (quota && period && *quota > 0 && *period > 0) cores = std::min(cores, *quota / *period);
  };
  for (const std::string& directory : cgroups.v2) {
    const std::vector<std::string> words = WordsOf(directory + "/cpu.max");  // "max 100000" or "150000 100000"
    limit(NumberAt(words, 0), NumberAt(words, 1));
  }
  for (const std::string& directory : cgroups.cpu) {
    limit(NumberAt(WordsOf(directory + "/cpu.cfs_quota_us"), 0),
          NumberAt(WordsOf(directory + "/cpu.cfs_period_us"), 0));
  }
  return cores;
}

int AffinityCores() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  // Fails on a machine with more than 1,024 cores.
  if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0) return std::max(1, CPU_COUNT(&cpus));
  return static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
}

std::uint64_t MemoryBytes(const Cgroups& cgroups) {
  double bytes = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  const auto limit = [&bytes](const std::string& path) {
    const std::optional<double> number = NumberAt(WordsOf(path), 0);  // "max" when unlimited
    if (number && *number > 0) bytes = std::min(bytes, *number);
  };
  for (const std::string& directory : cgroups.v2) limit(directory + "/memory.max");
  for (const std::string& directory : cgroups.memory) limit(directory + "/memory.limit_in_bytes");
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace

ProcessQuota ReadProcessQuota(const std::string& root) {
  const Cgroups cgroups = ReadCgroups(root);
  // Rounded up: with a quota of 1.5 cores a second thread does finish work sooner.
  const double quota_cores = std::ceil(QuotaCores(cgroups));
  const int affinity_cores = AffinityCores();
  const int cores = quota_cores < affinity_cores ? static_cast<int>(quota_cores) : affinity_cores;
  return {.cores = std::max(1, cores), .memory_bytes = MemoryBytes(cgroups)};
}

}  // namespace lqvg::serving
