#include "server/byte_lru.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

namespace lqvg::serving {
namespace {

using Lru = ByteLru<std::shared_ptr<const int>>;

// What an entry with a key of one character and a value of `bytes` counts.
constexpr std::size_t Entry(std::size_t bytes) { return Lru::kEntryBytes + 1 + bytes; }

std::shared_ptr<const int> Value(int value) { return std::make_shared<const int>(value); }

TEST(ByteLruTest, FindsWhatWasInserted) {
  Lru lru(1'000);
  EXPECT_TRUE(lru.enabled());
  EXPECT_FALSE(lru.Find("a"));
  lru.Insert("a", Value(1), 10);
  EXPECT_EQ(**lru.Find("a"), 1);
  EXPECT_EQ(**lru.Peek("a"), 1);
  EXPECT_FALSE(lru.Peek("b"));
}

TEST(ByteLruTest, CountsHitsMissesAndBytes) {
  Lru lru(1'000);
  lru.Insert("a", Value(1), 10);
  lru.Find("a");
  lru.Find("a");
  lru.Find("b");
  lru.Peek("a");
  EXPECT_EQ(lru.counts().hits, 2u);
  EXPECT_EQ(lru.counts().misses, 0u) << "to be counted by who computes it";
  lru.CountMiss();
  EXPECT_EQ(lru.counts().misses, 1u);
  EXPECT_EQ(lru.counts().bytes, Entry(10));
}

TEST(ByteLruTest, LetsGoOfTheLeastRecentlyUsedUntilTheBudgetIsKept) {
  Lru lru(3 * Entry(10));
  lru.Insert("a", Value(1), 10);
  lru.Insert("b", Value(2), 10);
  lru.Insert("c", Value(3), 10);
  EXPECT_EQ(lru.counts().bytes, 3 * Entry(10)) << "exactly the budget fits";
  lru.Find("a");
  lru.Peek("b");
  lru.Insert("d", Value(4), 10);
  EXPECT_FALSE(lru.Peek("b"));
  EXPECT_TRUE(lru.Peek("a") && lru.Peek("c") && lru.Peek("d"));
  EXPECT_EQ(lru.counts().evictions, 1u);
  lru.Insert("e", Value(5), 10 + Entry(10));  // takes the place of two
  EXPECT_FALSE(lru.Peek("c") || lru.Peek("a"));
  EXPECT_EQ(lru.counts().evictions, 3u);
  EXPECT_EQ(lru.counts().bytes, 3 * Entry(10));
}

TEST(ByteLruTest, KeepsNothingThatExceedsTheWholeBudget) {
  Lru lru(Entry(10));
  lru.Insert("a", Value(1), 10);
  lru.Insert("b", Value(2), 11);
  EXPECT_FALSE(lru.Peek("b"));
  EXPECT_TRUE(lru.Peek("a")) << "what was there stays";
  EXPECT_EQ(lru.counts().evictions, 0u);
}

TEST(ByteLruTest, ReplacesTheValueOfAKey) {
  Lru lru(1'000);
  lru.Insert("a", Value(1), 10);
  lru.Insert("a", Value(2), 20);
  EXPECT_EQ(**lru.Find("a"), 2);
  EXPECT_EQ(lru.counts().bytes, Entry(20));
  EXPECT_EQ(lru.counts().evictions, 0u);
}

TEST(ByteLruTest, WithoutABudgetIsOff) {
  Lru lru(0);
  EXPECT_FALSE(lru.enabled());
  lru.Insert("a", Value(1), 0);
  EXPECT_FALSE(lru.Find("a"));
  lru.CountMiss();
  EXPECT_EQ(lru.counts().misses, 0u);
}

TEST(ByteLruTest, HoldsNothingOfWhatItLetGo) {
  Lru lru(Entry(10));
  const std::shared_ptr<const int> a = Value(1);
  const std::shared_ptr<const int> b = Value(2);
  lru.Insert("a", a, 10);
  lru.Insert("b", b, 10);
  EXPECT_EQ(a.use_count(), 1);
  EXPECT_EQ(b.use_count(), 2);
  lru.Clear();
  EXPECT_EQ(b.use_count(), 1);
  EXPECT_EQ(lru.counts().bytes, 0u);
  EXPECT_FALSE(lru.Find("b"));
}

// What a value does when it is destroyed may take long, or ask the cache again.
TEST(ByteLruTest, DestroysValuesOutsideItsLock) {
  ByteLru<std::shared_ptr<const int>> lru(Entry(10));
  std::uint64_t bytes_seen = 0;
  const auto asking = [&](const int* value) {
    bytes_seen = lru.counts().bytes;
    delete value;
  };
  lru.Insert("a", std::shared_ptr<const int>(new int(1), asking), 10);
  lru.Insert("b", Value(2), 10);
  EXPECT_EQ(bytes_seen, Entry(10));
  lru.Clear();
}

TEST(ByteLruTest, KeepsItsBudgetAndItsValuesUnderManyThreads) {
  constexpr int kKeys = 40;
  Lru lru(10 * (Lru::kEntryBytes + 2 + 50));
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&lru, seed] {
      std::mt19937 random(seed);
      for (int i = 0; i < 5'000; ++i) {
        const int key = static_cast<int>(random() % kKeys);
        if (const auto found = lru.Find(absl::StrCat(key))) {
          ASSERT_EQ(**found, key);
        } else {
          lru.CountMiss();
          lru.Insert(absl::StrCat(key), Value(key), random() % 100);
        }
        ASSERT_LE(lru.counts().bytes, 10 * (Lru::kEntryBytes + 2 + 50));
        if (i % 1'000 == 999) lru.Clear();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const CacheCounts counts = lru.counts();
  EXPECT_EQ(counts.hits + counts.misses, 20'000u);
  EXPECT_GT(counts.evictions, 0u);
}

}  // namespace
}  // namespace lqvg::serving
