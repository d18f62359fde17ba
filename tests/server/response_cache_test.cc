#include "server/response_cache.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

namespace lqvg::serving {
namespace {

std::shared_ptr<const CachedResponse> MakeResponse(std::size_t candidates) {
  CachedResponse response;
  response.grounding.candidates.resize(candidates);
  return std::make_shared<const CachedResponse>(std::move(response));
}

TEST(ResponseCacheTest, FindsAResponseByPictureAndTokens) {
  ResponseCache cache(1 << 20);
  const auto response = MakeResponse(3);
  cache.Insert("a", {.token_ids = {0, 10, 2}}, response);
  EXPECT_EQ(cache.Find("a", {.token_ids = {0, 10, 2}}), response);
  EXPECT_EQ(cache.Find("b", {.token_ids = {0, 10, 2}}), nullptr);
  EXPECT_EQ(cache.Find("a", {.token_ids = {0, 11, 2}}), nullptr);
}

// 0x61616161 is "aaaa".
TEST(ResponseCacheTest, NoTwoPairsHaveTheSameKey) {
  ResponseCache cache(1 << 20);
  cache.Insert("aaaa", {.token_ids = {0x61616161, 2}}, MakeResponse(3));
  EXPECT_EQ(cache.Find("aaaaaaaa", {.token_ids = {2}}), nullptr);
}

TEST(ResponseCacheTest, CountsEveryCandidate) {
  ResponseCache cache(1 << 20);
  cache.Insert("a", {.token_ids = {2}}, MakeResponse(3));
  const std::uint64_t with_three = cache.counts().bytes;
  cache.Insert("a", {.token_ids = {2}}, MakeResponse(103));
  EXPECT_EQ(cache.counts().bytes, with_three + 100 * sizeof(Candidate));
}

}  // namespace
}  // namespace lqvg::serving
