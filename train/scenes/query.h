// An expression as what it means: "the larger white ship left of the pier" without its words.
//
// Plain data, std only. solver.h finds what satisfies it, wording.h spells it, expressions.h makes it up.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "train/scenes/scene.h"
#include "train/scenes/zones.h"

namespace lqvg::scenes {

struct Relation;

// "largest" of any number; "larger" of exactly two.
enum class SizeWord : std::uint8_t { kLargest, kSmallest, kLarger, kSmaller };

// From where one counts: "the second ship from the upper left".
enum class Side : std::uint8_t { kLeft, kRight, kTop, kBottom, kUpperLeft, kUpperRight, kLowerLeft, kLowerRight };
inline constexpr int kSides = 8;

struct Ordinal {
  int rank = 1;  // 1: the first
  Side from = Side::kLeft;
  bool operator==(const Ordinal&) const = default;
};

// What all the words say together: an object satisfies a query if it satisfies each part. Size and ordinal compare the
// object with the others of its kind, colour and zone, and of its relations where `order_among_related` says so.
struct Query {
  Kind kind = Kind::kBuilding;
  std::optional<Colour> colour;
  std::optional<Zone> zone;
  std::optional<SizeWord> size;
  std::optional<Ordinal> ordinal;
  std::vector<Relation> relations;
  bool order_among_related = false;  // "the larger ship near the pier": of those near the pier
};

enum class RelationWord : std::uint8_t {
  kLeftOf,
  kRightOf,
  kAbove,
  kBelow,
  kUpperLeftOf,
  kUpperRightOf,
  kLowerLeftOf,
  kLowerRightOf,
  kNear,
  kBetween,       // two landmarks
  kSurroundedBy,  // one landmark query, met by at least three objects
};
inline constexpr int kRelationWords = 11;
inline constexpr int kDirections = 8;  // the first so many words

// kThe: there is exactly one such object. kA: some such object. kTwo: two such objects, of kBetween only. An object is
// never its own landmark, so "a ship left of a ship" is "left of another ship".
enum class Article : std::uint8_t { kThe, kA, kTwo };

struct Landmark {
  Article article = Article::kA;
  Query query;
};

struct Relation {
  RelationWord word = RelationWord::kNear;
  std::vector<Landmark> landmarks;  // one; two for kBetween, unless its article is kTwo
};

Query QueryOf(Kind kind);

// How many things the query says beyond the kind.
int ModifiersOf(const Query& query);

}  // namespace lqvg::scenes
