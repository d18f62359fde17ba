#include "server/signals.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <set>
#include <vector>

#include "server/mutex.h"

namespace lqvg::serving {
namespace {

// Remembers signals until a test asks for them.
class Received {
 public:
  void Add(int signal) {
    MutexLock lock(&mutex_);
    signals_.insert(signal);
    changed_.NotifyAll();
  }
  std::multiset<int> WaitFor(std::size_t count) {
    MutexLock lock(&mutex_);
    while (signals_.size() < count) changed_.Wait(&mutex_);
    return signals_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::multiset<int> signals_ ABSL_GUARDED_BY(mutex_);
};

TEST(SignalsTest, ArriveOnTheThread) {
  BlockSignals();
  Received received;
  SignalThread thread([&received](int signal) { received.Add(signal); });
  kill(getpid(), SIGTERM);
  EXPECT_EQ(received.WaitFor(1), std::multiset<int>({SIGTERM}));
  kill(getpid(), SIGINT);
  kill(getpid(), SIGHUP);
  EXPECT_EQ(received.WaitFor(3), std::multiset<int>({SIGTERM, SIGINT, SIGHUP}));
}

TEST(SignalsTest, AreKeptUntilThereIsAThread) {
  BlockSignals();
  kill(getpid(), SIGTERM);
  Received received;
  SignalThread thread([&received](int signal) { received.Add(signal); });
  EXPECT_EQ(received.WaitFor(1), std::multiset<int>({SIGTERM}));
}

TEST(SignalsTest, ABrokenPipeIsAnErrorAndNotTheEnd) {
  BlockSignals();
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

TEST(SignalsTest, TheThreadEndsWithoutASignal) {
  BlockSignals();
  for (int i = 0; i < 10; ++i) SignalThread thread([](int) {});
}

}  // namespace
}  // namespace lqvg::serving
