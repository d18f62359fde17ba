// The caches of one process: image features, text features, responses.
//
// Owned by Serve; outlives the pipeline, and is emptied before the model goes. Thread-safe; never blocks.
//
// A cache is asked twice: when a call is prepared, so that it need not be decoded, and when its batch begins, because
// the batch before may just have computed what it needs. What is found stays the call's own, whatever is evicted.
#pragma once

#include <cstdint>

#include "server/byte_lru.h"
#include "server/feature_cache.h"
#include "server/response_cache.h"

namespace lqvg::serving {

// Bytes. 0: off.
struct CacheBudgets {
  std::uint64_t images = 512ull << 20;
  std::uint64_t texts = 64ull << 20;
  std::uint64_t responses = 64ull << 20;
};

inline constexpr CacheBudgets kNoCaches = {.images = 0, .texts = 0, .responses = 0};

struct CachesCounts {
  CacheCounts images;
  CacheCounts texts;
  CacheCounts responses;
};

struct Caches {
  explicit Caches(const CacheBudgets& budgets)
      : images(budgets.images), texts(budgets.texts), responses(budgets.responses) {}

  CachesCounts counts() const {
    return {.images = images.counts(), .texts = texts.counts(), .responses = responses.counts()};
  }
  void Clear() {
    images.Clear();
    texts.Clear();
    responses.Clear();
  }

  ImageFeatureCache images;
  TextFeatureCache texts;
  ResponseCache responses;
};

}  // namespace lqvg::serving
