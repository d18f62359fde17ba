#include "train/scenes/query.h"

namespace lqvg::scenes {

Query QueryOf(Kind kind) {
  Query query;
  query.kind = kind;
  return query;
}

int ModifiersOf(const Query& query) {
  return (query.colour ? 1 : 0) + (query.zone ? 1 : 0) + (query.size ? 1 : 0) + (query.ordinal ? 1 : 0) +
         static_cast<int>(query.relations.size());
}

}  // namespace lqvg::scenes
