#include "train/scenes/facets.h"

#include <utility>

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

void Set(Facet facet, const std::vector<Truth>& truths, std::vector<Facets>& facets) {
  for (std::size_t i = 0; i < facets.size(); ++i) facets[i][static_cast<std::size_t>(facet)] = truths[i];
}

// The truth of `longer`, which says one part more than `group`, of the objects that clearly are of the group.
std::vector<Truth> Within(const Scene& scene, const Query& group, const Query& longer) {
  std::vector<Truth> truths = TruthsOf(scene, longer);
  const std::vector<Truth> belongs = TruthsOf(scene, group);
  for (std::size_t i = 0; i < truths.size(); ++i) {
    if (belongs[i] != Truth::kYes) truths[i] = Truth::kBorderline;
  }
  return truths;
}

}  // namespace

std::vector<Facets> FacetsOf(const Scene& scene, const Query& query) {
  Facets unclear;
  unclear.fill(Truth::kBorderline);
  std::vector<Facets> facets(scene.objects.size(), unclear);
  const Query kind = QueryOf(query.kind);
  Set(Facet::kKind, TruthsOf(scene, kind), facets);
  Set(Facet::kLandmark, LandmarksOf(scene, query), facets);

  Query longer = kind;
  if (query.colour) {
    longer.colour = query.colour;
    Set(Facet::kColour, Within(scene, kind, longer), facets);
  }
  longer = kind;
  if (query.zone) {
    longer.zone = query.zone;
    Set(Facet::kZone, Within(scene, kind, longer), facets);
  }
  longer = kind;
  if (!query.relations.empty()) {
    longer.relations = query.relations;
    Set(Facet::kRelation, Within(scene, kind, longer), facets);
  }
  Query group = query;
  group.size.reset();
  group.ordinal.reset();
  if (!query.order_among_related) group.relations.clear();
  longer = group;
  if (query.size) {
    longer.size = query.size;
    Set(Facet::kSize, Within(scene, group, longer), facets);
  }
  longer = group;
  if (query.ordinal) {
    longer.ordinal = query.ordinal;
    Set(Facet::kOrdinal, Within(scene, group, longer), facets);
  }
  return facets;
}

}  // namespace lqvg::scenes
