// An expression's tokens as a key of caches.
//
// Stateless and thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/query.h"

namespace lqvg::serving {

// The bytes of the token ids, in this machine's order; borrowed from `expression`. Equal for equal tokens alone.
inline std::string_view TokenKey(const Expression& expression) {
  return {reinterpret_cast<const char*>(expression.token_ids.data()),
          expression.token_ids.size() * sizeof(std::int32_t)};
}

}  // namespace lqvg::serving
