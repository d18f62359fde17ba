#include "server/process_quota.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace lqvg::serving {
namespace {

// A made-up /proc and /sys.
class ProcessQuotaTest : public testing::Test {
 protected:
  ProcessQuotaTest() {
    std::string pattern = testing::TempDir() + "/process_quota.XXXXXX";
    root_ = mkdtemp(pattern.data());
    // Affinity must not be what limits: the quotas below are for one core more or less than this machine's.
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    sched_getaffinity(0, sizeof(cpus), &cpus);
    affinity_cores_ = CPU_COUNT(&cpus);
    unlimited_memory_ = ReadProcessQuota(root_).memory_bytes;
  }
  ~ProcessQuotaTest() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text << "\n";
  }

  std::string root_;
  int affinity_cores_ = 0;
  std::uint64_t unlimited_memory_ = 0;
};

TEST_F(ProcessQuotaTest, IsTheMachineWhereNothingLimits) {
  EXPECT_EQ(ReadProcessQuota(root_).cores, affinity_cores_);
  EXPECT_GT(unlimited_memory_, 100u << 20);
}

TEST_F(ProcessQuotaTest, ReadsCgroupV2) {
  Write("/proc/self/cgroup", "0::/app");
  Write("/sys/fs/cgroup/app/cpu.max", "50000 100000");
  Write("/sys/fs/cgroup/app/memory.max", "67108864");
  EXPECT_EQ(ReadProcessQuota(root_).cores, 1);
  EXPECT_EQ(ReadProcessQuota(root_).memory_bytes, 64u << 20);
}

TEST_F(ProcessQuotaTest, TakesTheLeastOfAllAncestors) {
  Write("/proc/self/cgroup", "0::/pod/app");
  Write("/sys/fs/cgroup/pod/app/memory.max", "67108864");
  Write("/sys/fs/cgroup/pod/memory.max", "33554432");
  Write("/sys/fs/cgroup/pod/cpu.max", "100000 100000");
  Write("/sys/fs/cgroup/pod/app/cpu.max", "max 100000");
  EXPECT_EQ(ReadProcessQuota(root_).cores, 1);
  EXPECT_EQ(ReadProcessQuota(root_).memory_bytes, 32u << 20);
}

TEST_F(ProcessQuotaTest, ReadsTheMountsRootWhenThePathIsTheHosts) {
  Write("/proc/self/cgroup", "0::/kubepods/burstable/not-here");
  Write("/sys/fs/cgroup/memory.max", "33554432");
  EXPECT_EQ(ReadProcessQuota(root_).memory_bytes, 32u << 20);
}

TEST_F(ProcessQuotaTest, ReadsCgroupV1) {
  Write("/proc/self/cgroup", "4:memory:/app\n2:cpu,cpuacct:/app\n1:name=systemd:/app");
  Write("/sys/fs/cgroup/cpu/app/cpu.cfs_quota_us", "100000");
  Write("/sys/fs/cgroup/cpu/app/cpu.cfs_period_us", "100000");
  Write("/sys/fs/cgroup/memory/app/memory.limit_in_bytes", "67108864");
  EXPECT_EQ(ReadProcessQuota(root_).cores, 1);
  EXPECT_EQ(ReadProcessQuota(root_).memory_bytes, 64u << 20);
}

TEST_F(ProcessQuotaTest, CountsAPartOfACoreAsOne) {
  Write("/proc/self/cgroup", "0::/");
  Write("/sys/fs/cgroup/cpu.max", std::to_string(affinity_cores_ * 100'000 - 50'000) + " 100000");
  EXPECT_EQ(ReadProcessQuota(root_).cores, affinity_cores_);
  Write("/sys/fs/cgroup/cpu.max", "1000 100000");
  EXPECT_EQ(ReadProcessQuota(root_).cores, 1);
}

TEST_F(ProcessQuotaTest, NeverExceedsTheAffinityNorTheMachine) {
  Write("/proc/self/cgroup", "0::/");
  Write("/sys/fs/cgroup/cpu.max", "100000000 100000");
  Write("/sys/fs/cgroup/memory.max", "9000000000000000000");
  EXPECT_EQ(ReadProcessQuota(root_).cores, affinity_cores_);
  EXPECT_EQ(ReadProcessQuota(root_).memory_bytes, unlimited_memory_);
}

TEST_F(ProcessQuotaTest, IgnoresWhatItCannotRead) {
  Write("/proc/self/cgroup", "nonsense\n0:\n:::::\n4:memory:/app");
  Write("/sys/fs/cgroup/memory/app/memory.limit_in_bytes", "many");
  Write("/sys/fs/cgroup/cpu.max", "-1 0");
  EXPECT_EQ(ReadProcessQuota(root_).cores, affinity_cores_);
  EXPECT_EQ(ReadProcessQuota(root_).memory_bytes, unlimited_memory_);
}

}  // namespace
}  // namespace lqvg::serving
