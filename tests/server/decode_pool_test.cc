#include "server/decode_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "tests/support/fake_clock.h"
#include "tests/support/gate.h"

namespace lqvg::serving {
namespace {

double Milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

TEST(DecodePoolTest, RunsItsTasksOnAsManyNamedThreadsAsAsked) {
  const SteadyClock clock;
  Gate gate;
  Mutex mutex;
  std::set<std::string> names;
  DecodePool pool(3, 10, clock);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(pool.Submit(DecodePool::Lane::kDecoding, [&] {
      char name[16] = {};
      pthread_getname_np(pthread_self(), name, sizeof(name));
      {
        MutexLock lock(&mutex);
        names.insert(name);
      }
      gate.Pass();
    }));
  }
  gate.WaitForArrivals(3);  // none has ended, so there are three threads
  gate.Open();
  pool.Stop();
  EXPECT_EQ(names, (std::set<std::string>{"lqvg-decode-0", "lqvg-decode-1", "lqvg-decode-2"}));
}

TEST(DecodePoolTest, RefusesATaskTooManyAndRunsEachOfTheOthersOnce) {
  const SteadyClock clock;
  Gate gate;
  Gate all_ran;
  std::atomic<int> ran = 0;
  DecodePool pool(1, 2, clock);
  ASSERT_TRUE(pool.Submit(DecodePool::Lane::kDecoding, [&] { gate.Pass(); }));
  gate.WaitForArrivals(1);
  EXPECT_TRUE(pool.Submit(DecodePool::Lane::kDecoding, [&] { ++ran; }));
  EXPECT_TRUE(pool.Submit(DecodePool::Lane::kDecoding, [&] {
    ++ran;
    all_ran.Open();
  }));
  EXPECT_FALSE(pool.Submit(DecodePool::Lane::kDecoding, [&] { ran = 100; }));
  gate.Open();
  all_ran.Pass();
  pool.Stop();
  EXPECT_EQ(ran, 2);
}

TEST(DecodePoolTest, WhatIsReadGoesBeforeWhatIsDecoded) {
  const SteadyClock clock;
  Gate gate;
  std::string order;
  DecodePool pool(1, 10, clock);
  ASSERT_TRUE(pool.Submit(DecodePool::Lane::kDecoding, [&] { gate.Pass(); }));
  gate.WaitForArrivals(1);
  Gate done;
  for (const char name : {'a', 'b'}) {
    ASSERT_TRUE(pool.Submit(DecodePool::Lane::kDecoding, [&order, name] { order += name; }));
    ASSERT_TRUE(pool.Submit(DecodePool::Lane::kReading, [&order, name] { order += static_cast<char>(name - 32); }));
  }
  ASSERT_TRUE(pool.Submit(DecodePool::Lane::kDecoding, [&] { done.Open(); }));
  gate.Open();
  done.Pass();
  pool.Stop();
  EXPECT_EQ(order, "ABab");
}

TEST(DecodePoolTest, ForecastsByWhatDecodingTookAndHowMuchWaits) {
  FakeClock clock;
  DecodePool pool(2, 10, clock);
  const auto decoding = std::chrono::milliseconds(30);
  const auto run = [&](DecodePool::Lane lane, const std::function<void()>& work) {
    Gate done;
    ASSERT_TRUE(
        pool.Submit(lane, [&work, held = std::shared_ptr<void>(nullptr, [&done](void*) { done.Open(); })] { work(); }));
    done.Pass();
  };
  run(DecodePool::Lane::kReading, [&] { clock.Advance(std::chrono::seconds(1)); });
  EXPECT_EQ(pool.ForecastDecoding(), Duration(0)) << "nothing was decoded";
  run(DecodePool::Lane::kDecoding, [&] { clock.Advance(decoding); });

  Gate gate;
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(pool.Submit(DecodePool::Lane::kDecoding, [&] { gate.Pass(); }));
  gate.WaitForArrivals(2);
  EXPECT_NEAR(Milliseconds(pool.ForecastDecoding()), 45, 1e-3) << "three pictures on two threads";
  ASSERT_TRUE(pool.Submit(DecodePool::Lane::kDecoding, [] {}));
  ASSERT_TRUE(pool.Submit(DecodePool::Lane::kReading, [] {}));
  EXPECT_NEAR(Milliseconds(pool.ForecastDecoding()), 60, 1e-3) << "reading counts for nothing";
  clock.Advance(std::chrono::milliseconds(40));
  gate.Open();
  while (pool.ForecastDecoding() != Duration(0)) std::this_thread::yield();  // an idle pool takes whatever comes

  Gate again;
  ASSERT_TRUE(pool.Submit(DecodePool::Lane::kDecoding, [&] { again.Pass(); }));
  // 30 ms, then twice 40 and once nothing in any order, each with a tenth of the weight.
  EXPECT_NEAR(Milliseconds(pool.ForecastDecoding()), 29, 4);
  again.Open();
  pool.Stop();
}

TEST(DecodePoolTest, StopDestroysTheWaitingTasksAtOnceAndLetsTheRunningOneEnd) {
  const SteadyClock clock;
  Gate running;
  Gate destroyed;
  std::atomic<bool> ended = false;
  std::atomic<bool> waiting_ran = false;
  DecodePool pool(1, 10, clock);
  ASSERT_TRUE(pool.Submit(DecodePool::Lane::kDecoding, [&] {
    running.Pass();
    ended = true;
  }));
  running.WaitForArrivals(1);
  std::shared_ptr<Gate> opened_with_the_task(&destroyed, [](Gate* gate) { gate->Open(); });
  ASSERT_TRUE(pool.Submit(DecodePool::Lane::kDecoding,
                          [&waiting_ran, held = std::move(opened_with_the_task)] { waiting_ran = true; }));
  std::thread stopping([&] { pool.Stop(); });
  destroyed.Pass();
  EXPECT_FALSE(ended);
  EXPECT_FALSE(pool.Submit(DecodePool::Lane::kDecoding, [] {}));
  running.Open();
  stopping.join();
  EXPECT_TRUE(ended);
  EXPECT_FALSE(waiting_ran);
}

}  // namespace
}  // namespace lqvg::serving
