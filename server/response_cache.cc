#include "server/response_cache.h"

#include <string_view>
#include <utility>

#include "server/token_key.h"

namespace lqvg::serving {
namespace {

// The length of the first part says where it ends, so no two pairs have the same key.
std::string PairKey(const std::string& image_key, const Expression& expression) {
  const std::string_view tokens = TokenKey(expression);
  std::string key;
  key.reserve(1 + image_key.size() + tokens.size());
  key.push_back(static_cast<char>(image_key.size()));
  key.append(image_key).append(tokens);
  return key;
}

}  // namespace

std::shared_ptr<const CachedResponse> ResponseCache::Find(const std::string& image_key, const Expression& expression) {
  return entries_.Find(PairKey(image_key, expression)).value_or(nullptr);
}

void ResponseCache::Insert(const std::string& image_key, const Expression& expression,
                           std::shared_ptr<const CachedResponse> response) {
  // The facts may be shared with other entries; each counts them, since each may be the last that holds them.
  const std::size_t bytes =
      sizeof(CachedResponse) + sizeof(PictureFacts) + response->grounding.candidates.size() * sizeof(Candidate);
  entries_.Insert(PairKey(image_key, expression), std::move(response), bytes);
}

}  // namespace lqvg::serving
