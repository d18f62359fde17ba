// What the model answered to an expression about a picture: every query's proposal, so that max_boxes, min_score and
// clip_boxes apply afterwards and calls that differ in them share an entry.
//
// Owned by Caches. Thread-safe; never blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "model/query.h"
#include "server/byte_lru.h"
#include "server/prepared_query.h"

namespace lqvg::serving {

struct CachedResponse {
  Grounding grounding;                        // finite
  std::shared_ptr<const PictureFacts> facts;  // so that it answers when the image's features are gone
};

// By PreparedQuery::image_key and the expression's tokens.
class ResponseCache {
 public:
  explicit ResponseCache(std::uint64_t bytes) : entries_(bytes) {}

  // Null: not there.
  std::shared_ptr<const CachedResponse> Find(const std::string& image_key, const Expression& expression);
  // To be called before a pair is grounded because Find did not find it.
  void CountMiss() { entries_.CountMiss(); }
  void Insert(const std::string& image_key, const Expression& expression,
              std::shared_ptr<const CachedResponse> response);

  CacheCounts counts() const { return entries_.counts(); }
  void Clear() { entries_.Clear(); }

 private:
  ByteLru<std::shared_ptr<const CachedResponse>> entries_;
};

}  // namespace lqvg::serving
