#include "server/process_stats.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <vector>

namespace lqvg::serving {
namespace {

TEST(ProcessStatsTest, CountsOpenFiles) {
  const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  std::uint64_t open_fds = 0;
  for (int fd = 0; fd < 1'024; ++fd) open_fds += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  EXPECT_EQ(ReadProcessStats().open_fds, open_fds);
  close(file);
  EXPECT_EQ(ReadProcessStats().open_fds, open_fds - 1);
}

TEST(ProcessStatsTest, SeesMemoryThatIsUsed) {
  constexpr std::size_t kBytes = 64u << 20;
  const ProcessStats before = ReadProcessStats();
  const std::vector<char> used(kBytes, 1);
  const ProcessStats after = ReadProcessStats();
  EXPECT_GE(after.resident_bytes, before.resident_bytes + kBytes / 2);
  EXPECT_GE(after.virtual_bytes, after.resident_bytes);
  EXPECT_EQ(used.back(), 1);
}

TEST(ProcessStatsTest, SeesTimeThatIsSpent) {
  const double before = ReadProcessStats().cpu_seconds;
  volatile unsigned spent = 0;
  for (int i = 0; ReadProcessStats().cpu_seconds < before + 0.05; ++i) spent = spent + 1;
  EXPECT_LT(before, 60) << "in seconds, not in ticks";
}

TEST(ProcessStatsTest, KnowsWhenTheProcessStarted) {
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  const double started = ReadProcessStats().start_time_seconds;
  EXPECT_LE(started, now + 1);
  EXPECT_GT(started, now - 3'600);
}

TEST(ProcessStatsTest, RaisesTheLimitOfOpenFiles) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(ReadProcessStats().max_fds, 64u);
  EXPECT_EQ(RaiseFileLimit(), limit.rlim_max);
  EXPECT_EQ(ReadProcessStats().max_fds, limit.rlim_max);
}

}  // namespace
}  // namespace lqvg::serving
