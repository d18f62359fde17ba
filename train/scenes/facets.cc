#include "train/scenes/facets.h"

#include "train/scenes/solver.h"

namespace lqvg::scenes {
namespace {

std::vector<Truth> TruthsOf(const Scene& scene, const Query& query) {
  std::vector<Truth> truths(scene.objects.size(), Truth::kNo);
  const Solution solution = Solve(scene, query);
  for (const int object : solution.clear) truths[static_cast<std::size_t>(object)] = Truth::kYes;
  for (const int object : solution.borderline) truths[static_cast<std::size_t>(object)] = Truth::kBorderline;
  return truths;
}

std::vector<Truth> LandmarksOf(const Scene& scene, const Query& query) {
  std::vector<Truth> truths(scene.objects.size(), Truth::kNo);
  for (const Relation& relation : query.relations) {
    for (const Landmark& landmark : relation.landmarks) {
      const std::vector<Truth> named = TruthsOf(scene, landmark.query);
      for (std::size_t i = 0; i < truths.size(); ++i) truths[i] = Or(truths[i], named[i]);
    }
  }
  return truths;
}

Side OppositeOf(Side side) {
  switch (side) {
    case Side::kLeft:
      return Side::kRight;
    case Side::kRight:
      return Side::kLeft;
    case Side::kTop:
      return Side::kBottom;
    case Side::kBottom:
      return Side::kTop;
    case Side::kUpperLeft:
      return Side::kLowerRight;
    case Side::kUpperRight:
      return Side::kLowerLeft;
    case Side::kLowerLeft:
      return Side::kUpperRight;
    case Side::kLowerRight:
      return Side::kUpperLeft;
  }
  return side;
}

void Set(Facet facet, const std::vector<Truth>& truths, std::vector<Facets>& facets) {
  for (std::size_t i = 0; i < facets.size(); ++i) facets[i][static_cast<std::size_t>(facet)] = truths[i];
}

}  // namespace

std::vector<Facets> FacetsOf(const Scene& scene, const Query& query) {
  Facets unclear;
  unclear.fill(Truth::kBorderline);
  std::vector<Facets> facets(scene.objects.size(), unclear);
  const Query kind = QueryOf(query.kind);
  Set(Facet::kKind, TruthsOf(scene, kind), facets);
  Set(Facet::kLandmark, LandmarksOf(scene, query), facets);

  // The truth of `longer`, which says one part more than `group`, for the objects that clearly are of the group.
  const auto judge = [&](Facet facet, const Query& group, const Query& longer) {
    std::vector<Truth> truths = TruthsOf(scene, longer);
    const std::vector<Truth> belongs = TruthsOf(scene, group);
    for (std::size_t i = 0; i < truths.size(); ++i) {
      if (belongs[i] != Truth::kYes) truths[i] = Truth::kBorderline;
    }
    Set(facet, truths, facets);
  };
  const auto judge_part = [&](Facet facet, const Query& group, auto part) {
    if (!(query.*part)) return;
    Query longer = group;
    longer.*part = query.*part;
    judge(facet, group, longer);
  };
  judge_part(Facet::kColour, kind, &Query::colour);
  judge_part(Facet::kZone, kind, &Query::zone);
  if (!query.relations.empty()) {
    Query related = kind;
    related.relations = query.relations;
    judge(Facet::kRelation, kind, related);
  }
  Query compared = query;
  compared.size.reset();
  compared.ordinal.reset();
  if (!query.order_among_related) compared.relations.clear();
  judge_part(Facet::kSize, compared, &Query::size);
  judge_part(Facet::kOrdinal, compared, &Query::ordinal);
  if (query.ordinal) {
    const auto judge_place = [&](Facet facet, int rank, Side from) {
      Query placed = compared;
      placed.ordinal = Ordinal{rank, from};
      judge(facet, compared, placed);
    };
    const Side from = query.ordinal->from, other = OppositeOf(from);
    judge_place(Facet::kFirst, 1, from);
    judge_place(Facet::kSecond, 2, from);
    judge_place(Facet::kThird, 3, from);
    judge_place(Facet::kLast, 1, other);
    judge_place(Facet::kLastButOne, 2, other);
  }
  return facets;
}

}  // namespace lqvg::scenes
