#include "server/feature_cache.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

namespace lqvg::serving {
namespace {

struct SizedImage final : ImageFeatures {
  explicit SizedImage(std::size_t bytes) : bytes_(bytes) {}
  std::size_t ByteCount() const override { return bytes_; }

 private:
  const std::size_t bytes_;
};
struct SizedText final : TextFeatures {
  std::size_t ByteCount() const override { return 100; }
};

CachedImage MakeImage(std::size_t bytes = 1'000) {
  return {.features = std::make_shared<SizedImage>(bytes), .facts = std::make_shared<const PictureFacts>()};
}

TEST(ImageFeatureCacheTest, FindsAPictureByItsKey) {
  ImageFeatureCache cache(1 << 20);
  const CachedImage image = MakeImage();
  cache.Insert("key", image, "");
  EXPECT_EQ(cache.Find("key", "")->features, image.features);
  EXPECT_EQ(cache.Find("key", "")->facts, image.facts);
  EXPECT_FALSE(cache.Find("key+exif", ""));
}

TEST(ImageFeatureCacheTest, CountsTheBytesOfTheFeatures) {
  ImageFeatureCache cache(1 << 20);
  cache.Insert("key", MakeImage(1'000), "");
  const std::uint64_t with_thousand = cache.counts().bytes;
  cache.Clear();
  cache.Insert("key", MakeImage(5'000), "");
  EXPECT_EQ(cache.counts().bytes, with_thousand + 4'000);
  ImageFeatureCache small(4'000);
  small.Insert("key", MakeImage(5'000), "");
  EXPECT_FALSE(small.Find("key", ""));
}

TEST(ImageFeatureCacheTest, OnlyWhoHasSentTheBytesMayAskByDigest) {
  ImageFeatureCache cache(1 << 20);
  cache.Insert("key", MakeImage(), "alice");
  EXPECT_TRUE(cache.FindSent("key", "alice"));
  EXPECT_FALSE(cache.FindSent("key", "bob"));
  EXPECT_FALSE(cache.Retains("key", "bob"));
  EXPECT_EQ(cache.counts().hits, 1u);
  EXPECT_EQ(cache.counts().misses, 1u);
  EXPECT_TRUE(cache.Find("key", "bob")) << "with the bytes everybody shares";
  EXPECT_TRUE(cache.FindSent("key", "bob"));
}

TEST(ImageFeatureCacheTest, AStrangersQuestionKeepsNothingFromBeingEvicted) {
  ImageFeatureCache cache(2 * 2'000);
  cache.Insert("a", MakeImage(), "alice");
  cache.Insert("b", MakeImage(), "alice");
  ASSERT_TRUE(cache.Retains("a", "alice"));
  cache.FindSent("a", "bob");
  cache.Insert("c", MakeImage(), "alice");
  EXPECT_FALSE(cache.Retains("a", "alice"));
  EXPECT_TRUE(cache.Retains("b", "alice"));
}

TEST(ImageFeatureCacheTest, InsertingAPictureOnceMoreKeepsItsSendersAndItsFeatures) {
  ImageFeatureCache cache(2 * 2'000);
  const CachedImage first = MakeImage();
  cache.Insert("a", first, "alice");
  cache.Insert("b", MakeImage(), "alice");
  cache.Insert("a", MakeImage(), "bob");
  EXPECT_TRUE(cache.Retains("a", "alice"));
  EXPECT_TRUE(cache.Retains("a", "bob"));
  EXPECT_EQ(cache.Find("a", "alice")->features, first.features);
  cache.Insert("c", MakeImage(), "alice");
  EXPECT_FALSE(cache.Retains("b", "alice")) << "a was used more recently";
}

TEST(ImageFeatureCacheTest, RemembersTheLastSendersOfAPictureAlone) {
  ImageFeatureCache cache(1 << 20);
  cache.Insert("key", MakeImage(), "0");
  for (std::size_t i = 1; i <= ImageFeatureCache::kMaxSenders; ++i) cache.Find("key", absl::StrCat(i));
  EXPECT_FALSE(cache.Retains("key", "0"));
  EXPECT_TRUE(cache.Retains("key", "1"));
  EXPECT_TRUE(cache.Retains("key", absl::StrCat(ImageFeatureCache::kMaxSenders)));
  cache.Find("key", "1");  // is among them
  EXPECT_TRUE(cache.Retains("key", "2"));
}

TEST(ImageFeatureCacheTest, AnswersManyThreads) {
  ImageFeatureCache cache(5 * 2'000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&cache, client = absl::StrCat(t)] {
      for (int i = 0; i < 2'000; ++i) {
        const std::string key = absl::StrCat(i % 7);
        if (!cache.Find(key, client)) cache.Insert(key, MakeImage(), client);
        if (cache.FindSent(key, client)) cache.Retains(key, "another");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(cache.counts().bytes, 5 * 2'000u);
}

TEST(TextFeatureCacheTest, FindsATextByItsTokens) {
  TextFeatureCache cache(1 << 20);
  const auto features = std::make_shared<const SizedText>();
  cache.Insert({.token_ids = {0, 10, 2}}, features);
  EXPECT_EQ(cache.Find({.token_ids = {0, 10, 2}}), features);
  EXPECT_EQ(cache.Find({.token_ids = {0, 10}}), nullptr);
  EXPECT_EQ(cache.Find({.token_ids = {0, 11, 2}}), nullptr);
  EXPECT_EQ(cache.counts().hits, 1u);
}

}  // namespace
}  // namespace lqvg::serving
