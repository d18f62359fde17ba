#include "train/scenes/query_choice.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "train/scenes/landmarks.h"
#include "train/scenes/ordering.h"
#include "train/scenes/palette.h"
#include "train/scenes/solver.h"

namespace lqvg::scenes {
namespace {

constexpr int kHighestRank = 4;

const SceneObject& At(const Scene& scene, int object) { return scene.objects[static_cast<std::size_t>(object)]; }

bool Includes(const std::vector<int>& sorted, int value) {
  return std::binary_search(sorted.begin(), sorted.end(), value);
}

std::optional<Zone> ZoneOf(const Scene& scene, const SceneObject& object, Random& random) {
  std::array<Zone, kZones> zones;
  int count = 0;
  for (int i = 0; i < kZones; ++i) {
    const auto zone = static_cast<Zone>(i);
    const Truth truth = LiesIn(zone, object.bounds.CentreX() / static_cast<float>(scene.width),
                               object.bounds.CentreY() / static_cast<float>(scene.height));
    if (truth == Truth::kYes) zones[static_cast<std::size_t>(count++)] = zone;
  }
  if (count == 0) return std::nullopt;
  return zones[static_cast<std::size_t>(random.Below(count))];
}

// Sets the size if the target is the largest or the smallest of those that the query speaks of so far.
bool AddSize(const Scene& scene, int target, Manner manner, Query& query, Random& random) {
  const Solution group = Solve(scene, query);
  if (group.clear.size() < 2 || !Includes(group.clear, target)) return false;
  const bool of_two =
      group.clear.size() == 2 && group.borderline.empty() && random.Chance(manner == Manner::kPlain ? 0.7F : 0.2F);
  for (const bool larger : {true, false}) {
    query.size = of_two ? (larger ? SizeWord::kLarger : SizeWord::kSmaller)
                        : (larger ? SizeWord::kLargest : SizeWord::kSmallest);
    if (Includes(Solve(scene, query).clear, target)) return true;
  }
  query.size.reset();
  return false;
}

bool AddOrdinal(const Scene& scene, int target, Query& query, Random& random) {
  const Solution group = Solve(scene, query);
  if (group.clear.size() < 2 || !Includes(group.clear, target)) return false;
  for (int i = 0; i < 3; ++i) {
    // Corners are rarer: 40 of 100 in RSVG-HR, hardly any in plain English.
    const auto side = static_cast<Side>(random.Below(random.Chance(0.3F) ? kSides : kSides / 2));
    const float own = DistanceFrom(side, At(scene, target).bounds);
    const auto before = std::count_if(group.clear.begin(), group.clear.end(),
                                      [&](int object) { return DistanceFrom(side, At(scene, object).bounds) < own; });
    if (before >= kHighestRank) continue;
    query.ordinal = Ordinal{static_cast<int>(before) + 1, side};
    if (Includes(Solve(scene, query).clear, target)) return true;
  }
  query.ordinal.reset();
  return false;
}

// How likely each part is said, in hundredths.
struct Likelihood {
  int colour, zone, size, ordinal, relation, second_relation;
};
constexpr Likelihood kFormalLikelihood = {30, 80, 12, 18, 65, 15};
constexpr Likelihood kPlainLikelihood = {55, 40, 20, 20, 40, 2};

// True of the target in each part, but perhaps of others too.
Query Compose(const Scene& scene, int target, Manner manner, Random& random) {
  const Likelihood& likely = manner == Manner::kFormal ? kFormalLikelihood : kPlainLikelihood;
  const SceneObject& object = At(scene, target);
  const auto says = [&random](int hundredths) { return random.Below(100) < hundredths; };
  Query query = QueryOf(object.kind);
  if (says(likely.colour) && object.colour != Colour::kPlain) query.colour = object.colour;
  if (says(likely.zone)) query.zone = ZoneOf(scene, object, random);
  const bool size = says(likely.size), ordinal = !size && says(likely.ordinal);
  // "the second ship from the left near the pier" can be read in two ways; the formal manner separates the two.
  const bool relation = says(likely.relation) && !(ordinal && manner == Manner::kPlain);
  if (relation) {
    for (int i = says(likely.second_relation) ? 2 : 1; i > 0; --i) {
      std::optional<Relation> found = RelationAt(scene, target, manner, random);
      if (found) query.relations.push_back(*std::move(found));
    }
  }
  std::vector<Relation> apart;
  query.order_among_related = manner == Manner::kPlain;
  if (!query.order_among_related) apart.swap(query.relations);
  if (size) AddSize(scene, target, manner, query, random);
  if (ordinal) AddOrdinal(scene, target, query, random);
  if (!query.order_among_related) apart.swap(query.relations);
  return query;
}

// The query without one of its parts, `part` counting those that it has.
Query Without(Query query, int part) {
  if (query.colour && part-- == 0) query.colour.reset();
  if (query.zone && part-- == 0) query.zone.reset();
  if (query.size && part-- == 0) query.size.reset();
  if (query.ordinal && part-- == 0) query.ordinal.reset();
  if (part >= 0 && part < static_cast<int>(query.relations.size()))
    query.relations.erase(query.relations.begin() + part);
  return query;
}

bool PointsTo(const Scene& scene, const Query& query, int target) {
  const Solution solution = Solve(scene, query);
  return solution.IsUnique() && solution.clear.front() == target;
}

// Leaves out what is not needed, but not always: annotators say more than they need, too.
void Trim(const Scene& scene, int target, Manner manner, Query& query, Random& random) {
  const float kept = manner == Manner::kFormal ? 0.6F : 0.15F;
  const int parts = ModifiersOf(query);
  // From any part on, in a circle; after one is left out the next has its number.
  int part = parts > 0 ? random.Below(parts) : 0;
  for (int i = 0; i < parts; ++i) {
    if (part >= ModifiersOf(query)) part = 0;
    Query shorter = Without(query, part);
    if (!random.Chance(kept) && PointsTo(scene, shorter, target)) {
      query = std::move(shorter);
    } else {
      ++part;
    }
  }
}

bool FalsifyRelation(const Scene& scene, int near_miss, Manner manner, Query& query, Random& random) {
  if (query.relations.empty()) return false;
  Relation& relation =
      query.relations[static_cast<std::size_t>(random.Below(static_cast<int>(query.relations.size())))];
  if (relation.word <= RelationWord::kNear && random.Chance(0.6F)) {
    relation.word = static_cast<RelationWord>(random.Below(kDirections + 1));
    return true;
  }
  const int other = random.Below(static_cast<int>(scene.objects.size()));
  if (other == near_miss || relation.word == RelationWord::kSurroundedBy) return false;
  if (relation.word == RelationWord::kBetween) relation.word = RelationWord::kNear;
  relation.landmarks = {LandmarkAt(scene, other, manner, random)};
  return true;
}

// Whether nothing satisfies it in either of two readings: the largest, and it is near the pier; the largest of those
// near the pier.
bool IsFalse(const Scene& scene, Query query) {
  if (!Solve(scene, query).IsEmpty()) return false;
  if (query.relations.empty() || !(query.size || query.ordinal)) return true;
  query.order_among_related = !query.order_among_related;
  return Solve(scene, query).IsEmpty();
}

// Changes one part of the query at random, or adds a colour or a zone.
bool FalsifyOne(const Scene& scene, int near_miss, Manner manner, Query& query, Random& random) {
  switch (random.Below(8)) {
    case 0:
    case 1:
      if (!query.zone && random.Chance(0.7F)) return false;
      query.zone = static_cast<Zone>(random.Below(kZones));
      return true;
    case 2:
    case 3:
      if (!query.colour && random.Chance(0.5F)) return false;
      query.colour = AnyColourOf(query.kind, random);
      return query.colour.has_value();
    case 4:
      if (!query.ordinal) return false;
      query.ordinal->rank = 1 + random.Below(kHighestRank);
      return true;
    default:
      return FalsifyRelation(scene, near_miss, manner, query, random);
  }
}

}  // namespace

std::optional<Query> ChooseUnique(const Scene& scene, int target, Manner manner, Random& random) {
  constexpr int kTries = 6;
  for (int i = 0; i < kTries; ++i) {
    Query query = Compose(scene, target, manner, random);
    if (!PointsTo(scene, query, target)) continue;
    Trim(scene, target, manner, query, random);
    return query;
  }
  return std::nullopt;
}

std::optional<Query> ChooseHardNegative(const Scene& scene, int near_miss, Manner manner, Random& random) {
  constexpr int kTries = 8;
  const std::optional<Query> truth = ChooseUnique(scene, near_miss, manner, random);
  if (!truth) return std::nullopt;
  for (int i = 0; i < kTries; ++i) {
    Query query = *truth;
    if (FalsifyOne(scene, near_miss, manner, query, random) && IsFalse(scene, query)) return query;
  }
  return std::nullopt;
}

std::optional<Query> ChooseAbsentKind(const Scene& scene, int model, Manner manner, Random& random) {
  Query query = QueryOf(Kind::kBuilding);
  if (model >= 0) {
    std::optional<Query> truth = ChooseUnique(scene, model, manner, random);
    if (!truth) return std::nullopt;
    query = *std::move(truth);
  } else if (random.Chance(0.5F)) {
    query.zone = static_cast<Zone>(random.Below(kZones));
  }
  constexpr int kTries = 8;
  for (int i = 0; i < kTries; ++i) {
    query.kind = static_cast<Kind>(random.Below(kKinds));
    const bool present = std::any_of(scene.objects.begin(), scene.objects.end(),
                                     [&query](const SceneObject& object) { return object.kind == query.kind; });
    if (present || MayBeTakenFor(scene, query.kind)) continue;
    if (query.colour) query.colour = AnyColourOf(query.kind, random);
    return query;
  }
  return std::nullopt;
}

}  // namespace lqvg::scenes
